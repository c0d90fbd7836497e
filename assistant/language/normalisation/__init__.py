"""The classes of text normalisation (Sproat et al. 2001; Ebden and Sproat 2014), a module each.

Each gives `Rule`s: a pattern of what is written, and how a match is spoken. What they write holds
no digits and no symbols, so that no rule takes it for something written.
"""
