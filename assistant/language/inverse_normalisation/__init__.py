"""The classes of inverse text normalisation: what was spoken, as one writes it (Pusateri et al.
2017, "A mostly data-driven approach to inverse text normalization"), a module each. The opposite
of `normalisation`; `written` is the way in.

Recognisers of speech write digits themselves, but as they were heard: "4 8 8", "4-0-7",
"5, 3, 6, 3", "S-O-R-A-Y-A". What is cut up is joined; words become figures where nearly everybody
writes figures; what may be read in two ways stays as it came.
"""
