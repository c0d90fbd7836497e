"""Patterns of how people say that they feel, from despair to joy. See `remarks` for how they are
matched."""

from __future__ import annotations

from assistant.brain.scripted.intents import Intent

_VERY = (
    r"(?: (?:very|so|really|a bit|a little|a little bit|kind of|sort of|pretty|quite|extremely|"
    r"too|totally|completely|still|also|feeling|doing|rather|super|incredibly|absolutely|all|much|"
    r"fairly|terribly|awfully|always|just))*"
)
_TAIL = (
    r"(?: (?:today|tonight|now|lately|again|thanks|thank you|because|about|of|with|from|that|to|"
    r"by|for|at|since|after|when|yesterday|last|on|in|this|myself|here|my friend|man|out|down|"
    r"really|honestly|though|actually|these|lately|all|right|enough|at the moment|anymore|any more|"
    r"sometimes|recently|as|but|and|so)\b.*)?"
)
_GOOD = (
    r"(?:fine|good|great|well|happy|okay|alright|all right|excellent|wonderful|fantastic|excited|"
    r"glad|better|amazing|awesome|cheerful|relaxed|proud|content|delighted|thrilled|perfect|calm|"
    r"in love|grateful|in a good mood|over the moon|on top of the world)"
)
_BAD = (
    r"(?:tired|sad|ill|sick|bad|unhappy|lonely|alone|depressed|down|exhausted|angry|upset|worried|"
    r"anxious|stressed|stressed out|scared|afraid|bored|terrible|awful|miserable|frustrated|hurt|"
    r"unwell|nervous|overwhelmed|disappointed|heartbroken|grumpy|annoyed|blue|worse|weary|"
    r"homesick|devastated|sore|in pain|burnt out|burned out|in a bad mood|under the weather|"
    r"rubbish|low|horrible|fed up|sleepy|worn out|hopeless|furious|ashamed|jealous)"
)
_I_FEEL = r"(?:i am|i feel|i have been feeling|i have been|i was|feeling|we are|we feel)"


def _feeling(words: str) -> tuple[str, ...]:
    """The ways to say that one feels so; `words`: a pattern."""
    return (
        rf"{_I_FEEL}{_VERY} {words}{_TAIL}",
        rf"(?:very|so|really|pretty|quite|too|still|a bit) {words}{_TAIL}",
        rf"{words}(?: today| actually| now| lately)?",
        rf"(?:it|this|that|everything|he|she|they|work|my \w+) (?:makes|made|make|is making|has"
        rf" made) me(?: feel)?{_VERY} {words}{_TAIL}",
    )


_LONELY = r"(?:lonely|alone|isolated|left out|abandoned|lonesome|all by myself)"
_BORED = r"(?:bored(?: to (?:death|tears)| stiff| out of my mind)?)"
_TIRED = (
    r"(?:tired|exhausted|sleepy|worn out|weary|knackered|drained|burnt out|burned out|wiped out|"
    r"dead tired|shattered|half asleep|sleep deprived)"
)
_ANGRY = (
    r"(?:angry|furious|mad|annoyed|frustrated|fed up|irritated|livid|pissed|pissed off|outraged|"
    r"enraged|cross|raging|sick of .+|so done with .+)"
)
_ANXIOUS = (
    r"(?:anxious|worried|nervous|scared|afraid|stressed|stressed out|overwhelmed|frightened|"
    r"terrified|panicking|tense|panicky|on edge|uneasy|freaking out|freaked out|worrying|"
    r"under (?:a lot of |so much |too much )?(?:pressure|stress))"
)
_NOBODY = r"(?:nobody|no one|no body|none of my friends|hardly anyone|hardly anybody)"

TABLE: tuple[tuple[Intent, tuple[str, ...]], ...] = (
    (
        "distress",
        (
            r".*\b(?:kill|hurt|harm) myself\b.*",
            r"(?!we are (?:all )?(?:going to die|doomed)).*\b(?:want|going|wish|ready) to (?:die|"
            r"be dead|end my life|end it all)\b.*",
            r".*\bi (?:am|feel|have been|was)?(?: feeling)? ?suicidal\b.*",
            r".*\b(?:do not want to|no reason to|can not go on) (?:live|living)\b.*",
            r".*\bcommit suicide\b.*",
        ),
    ),
    (
        "lonely",
        (
            *_feeling(_LONELY),
            rf"{_NOBODY} (?:ever |really |even )?(?:calls?|writes?|texts?|visits?|talks?|loves?|"
            r"likes?|cares?|understands?|listens?|wants?|needs?|remembers?|invites?|misse?s?|asks?|"
            r"answers?|is there|replies)(?: (?:to|about|for|with|after))?(?: me)?(?: .*)?",
            r"i (?:have|have got|got) (?:no|not any|hardly any|so few) (?:friends?|family|one|"
            r"company|visitors)(?: .*)?|i (?:have|have got) (?:nobody|no one)(?: .*)?",
            r"i do not (?:really )?have (?:any )?(?:friends|anyone|anybody|family|company)(?: .*)?",
            r"(?:everyone|everybody|they|all my friends) (?:has |have |all )?(?:left|forgot|"
            r"forgotten|"
            r"abandoned|ignores?|avoids?) me(?: .*)?",
            r"my (?:friends|family|children|kids|parents) (?:never|do not|hardly ever) (?:call|"
            r"write|visit|text|talk)(?: .*)?",
            r"i miss (?:people|company|having|talking to|being with) ?.*",
            r"(?:please |will you |can you )?(?:keep me company|stay with me|do not leave me)(?: "
            r".*)?",
            r"i (?:need|want|would like) to talk (?:to|with) (?:someone|somebody|a friend|a person|"
            r"people)(?! else)(?: .*)?",
            r"i (?:need|want|have nobody|would like) (?:someone|somebody|a friend)(?: to talk(?: "
            r"to)?"
            r"| to listen)?",
            r"i (?:am|live|sit|eat|spend .{2,30}) (?:all )?(?:alone|on my own|by myself)(?: .*)?",
        ),
    ),
    (
        "bored",
        (
            *_feeling(_BORED),
            r"(?:there is|i have|i have got) (?:nothing|not anything) (?:to do|going on|on)(?: "
            r".*)?",
            r"(?:this|it|today|life|everything|my life|work|school) is (?:so |really |very |rather "
            r"|"
            r"just |too )*(?:boring|dull|tedious)(?: .*)?",
            r"(?:what|got any idea what) (?:should|can|could|shall) (?:i|we) do"
            r" (?:today|tonight|now|this (?:evening|afternoon|weekend)|for fun|against boredom)",
            r"(?:(?:do you want|would you like) to|shall we|can we|could we|let us|i (?:want|would "
            r"like) to) play(?: (?:a game|something|games|with (?:me|you)|a little game))*",
            r"(?:give me|suggest|i need) something to do|i do not know what to do with myself|"
            r"what a (?:boring|dull) (?:day|evening|night|life)",
        ),
    ),
    (
        "anxious",
        (
            *_feeling(_ANXIOUS),
            r"i (?:am having|have|had) (?:a |another )?panic(?: attack)?(?: .*)?",
            r"i (?:can not|could not) (?:stop worrying|relax|calm down|breathe|cope)(?: .*)?",
            r"i worry(?: .*)?|(?:it|this|everything) is (?:all |just )*too much(?: for me)?(?: "
            r".*)?",
            r"i (?:have|have got) (?:so much|too much|far too much) (?:to do|work|on my plate|on)"
            r"(?: .*)?",
            r"(?:it|this|the \w+|my \w+) (?:scares|frightens|worries|terrifies) me(?: .*)?",
        ),
    ),
    (
        "tired",
        (
            *_feeling(_TIRED),
            r"i (?:can not|could not|did not|have not) (?:sleep|slept|get (?:any|much) sleep)(?: "
            r".*)?",
            r"i (?:have )?(?:slept|been sleeping) (?:badly|poorly|terribly|so badly|very little)"
            r"(?: .*)?|i (?:hardly|barely) slept(?: .*)?",
            r"i (?:have|had) (?:no energy|a sleepless night|a bad night)(?: .*)?|i need (?:a nap|"
            r"sleep|some sleep|more sleep|rest|some rest|a break)(?: .*)?",
            r"(?:what|it was|it has been|i had|i have had|today was)(?: such)? an? (?:very |really "
            r"|"
            r"so )?(?:long|exhausting|tiring) (?:day|week|night|shift)(?: .*)?",
        ),
    ),
    (
        "insult",
        (
            r"i am (?:so |really |very |a bit )*(?:angry|mad|furious|annoyed|cross) (?:at|with) "
            r"you.*",
        ),
    ),
    (
        "angry",
        (
            *_feeling(_ANGRY),
            r"i (?:really |so )?hate (?!you\b|my life|myself)(?:this|it|that|people|everyone|my "
            r"\w+|"
            r"the \w+|when .+)(?: .*)?",
            r"(?:this|it|that|he|she|they|my \w+|the \w+) (?:is |are )?(?:really )?(?:driving|"
            r"drives?)"
            r" me (?:crazy|mad|nuts|insane|up the wall|round the bend)(?: .*)?",
            r"i could (?:just )?(?:scream|explode|hit something|kill (?:him|her|them))(?: .*)?|"
            r"(?:he|she|my \w+|they) (?:yelled|shouted|lied|cheated|screamed)(?: (?:at|to|on) me)"
            r"(?: .*)?",
        ),
    ),
    (
        "mood_bad",
        (
            *_feeling(_BAD)[::3],
            rf"(?:i am|i do|i feel|i have|not|we are)(?: not)?{_VERY} not{_VERY} (?:feel(?:ing)? "
            rf")?{_GOOD}{_TAIL}",
            rf"(?:i do not feel|i am not feeling|i am not|i have not been){_VERY} {_GOOD}{_TAIL}",
            rf"not{_VERY} (?:good|great|well|okay|happy|fine){_TAIL}",
            rf"(?:very|so|really|pretty|quite) (?:tired|sad|bad|bored|lonely){_TAIL}",
            r"(?:tired|sad|lonely|exhausted|terrible|awful|bored)(?: today| actually| and .*)?",
            r"(?:i am having|i had|i have had|it was|it has been|today was|this is|what|"
            r"my day was|today is|my day is)(?: such)?(?: an?)? (?:really |very |so |"
            r"pretty )?(?:bad|terrible|rough|hard|awful|horrible|difficult|stressful|miserable|"
            r"long|rotten)(?: (?:day|week|"
            r"night|time|morning|year))?" + _TAIL,
            r"(?:i have|i have got|i got|i caught) (?:an? |the )?(?:bad |terrible |splitting |"
            r"awful )?(?:headache|cold|fever|flu|migraine|toothache|stomach ache|stomachache|cough)"
            + _TAIL,
            r"my (?:head|back|tooth|stomach|throat|leg|arm|foot|neck|knee|heart|hand|feet|"
            r"eyes) (?:hurts?|aches?|is (?:killing me|sore|broken|aching)|are (?:sore|killing me))"
            + _TAIL,
            r"my \w+(?: \w+)? (?:has |just |has just )*(?:died|passed away|left me|dumped me|"
            r"is dead)" + _TAIL,
            r"my \w+(?: \w+)? is (?:very |really |seriously )?(?:ill|sick|dying|"
            r"in (?:the )?hospital)" + _TAIL,
            r"i (?:have |just |have just )*(?:lost my (?:job|\w+)|got fired|was fired|failed .+|"
            r"broke up with .+|miss (?:my|him|her|them) ?.*|was dumped|could not sleep|"
            r"slept badly|can not sleep)",
            r"my \w+(?: \w+)? (?:has |just )*(?:fired|dumped|left|hit|betrayed|hates|kicked|hurt|"
            r"cheated on|broke up with|rejected|insulted|bullied|bullies) me(?: .*)?",
            r"(?:i|we) (?:can not|could not) (?:do|take|stand|bear) (?:this|it)(?: .*)?|(?:it|this|"
            r"everything|life|all of it) is (?:so |just |all |completely )*(?:hopeless|pointless|"
            r"meaningless|"
            r"a disaster|a nightmare|hell|unfair|not fair)(?: .*)?|(?:work|school|this) is killing "
            r"me",
            r"(?:i|we|my \w+|he|she) (?:want|wants|filed for|am getting|are getting|is getting|"
            r"got) "
            r"(?:a )?divorced?(?: .*)?",
            r"i do not know what to do(?: any ?more| about .*)?|i do not know (?:how to go on|what "
            r"is "
            r"wrong with me)|i (?:just )*(?:want|need) a hug",
            r"i (?:have )?(?:messed|screwed) (?:it |everything )?up(?: .*)?|i (?:got|was) "
            r"(?:dumped|"
            r"rejected)(?: .*)?|i got (?:some )?(?:bad|terrible|awful) news(?: .*)?",
            r"(?:i|we) (?:have )?had (?:a|an) (?:\w+ )?(?:fight|argument|row)(?: .*)?",
            r"i (?:just )?feel (?:like (?:a failure|crying|giving up|a burden)|empty|numb|lost|"
            r"useless|worthless|guilty|broken)(?: .*)?|i am (?:such )?a (?:failure|burden|mess)",
            r"nothing (?:works|goes right|matters|makes sense)(?: .*)?|everything (?:is|goes|went|"
            r"is"
            r" going) wrong(?: .*)?",
            r"(?:we|my \w+ and i) (?:broke|split) up(?: .*)?",
            r"i (?:want|need) to cry|i (?:have been|am) crying|nobody (?:loves|likes) me|"
            r"life (?:is|sucks)(?: hard| bad| terrible)?|i hate (?:my life|myself|my job|"
            r"everything)",
        ),
    ),
    (
        "mood_good",
        (
            rf"{_I_FEEL}{_VERY} {_GOOD}{_TAIL}",
            rf"(?:i am |i feel |it is )?not{_VERY} (?:too )?bad(?: at all)?{_TAIL}",
            rf"(?:i am|i feel) not{_VERY} (?:sad|tired|sick|lonely|angry|bored|scared|upset|"
            rf"worried)(?: anymore| any more)?{_TAIL}",
            r"(?:fine|great|good|well|very well|very good|pretty good|quite well|doing (?:well|"
            r"fine|great|good|okay)|all good|excellent|wonderful|never better|could not be better|"
            r"can not complain) (?:thanks?(?: you)?|and you|today|indeed)(?: for asking)?",
            r"(?:doing|feeling) (?:well|fine|great|good|okay|better)|all good|never better|"
            r"could not be better|can not complain|very well|pretty good|quite well|"
            r"i can not complain",
            r"(?:i am having|i had|i have had|it was|it has been|today was|today is|what|"
            r"my day was|my day is)(?: such)?(?: an?)? (?:really |very |so |pretty )?(?:good|"
            r"great|wonderful|lovely|amazing|fantastic|nice|awesome|perfect|excellent)(?: (?:day|"
            r"week|night|time|"
            r"morning|year|evening))?" + _TAIL,
            r"i (?:just |have just |have )*(?:got (?:the job|a new job|promoted|engaged|married|"
            r"a raise)|passed .+|won(?: .+)?|am in love.*|am getting married.*)",
            r"i (?:had|am having) (?:so much |a lot of |such )?fun(?: .*)?|i (?:got|received|have) "
            r"(?:some )?(?:good|great|wonderful|exciting) news(?: .*)?|i am (?:really |so "
            r")*looking "
            r"forward to .+|congratulate me|wish me luck|we won(?: .*)?|it worked(?: .*)?|i "
            r"(?:finally |just )*(?:made|did) it",
            r"life is (?:good|great|beautiful)|(?:it is|today is) my birthday(?: today)?",
        ),
    ),
)
