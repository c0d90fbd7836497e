"""Patterns of what people say without asking for anything: courtesies, moods, praise, blame.

They, and those of `requests`, are over the normal words of a sentence. A pattern must match the
whole of it (after politeness and vocatives are taken off), so that a longer question that only
contains such words ("what time is it in Tokyo") falls through to an honest "I cannot" instead of a
wrong answer.
"""

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
    r"as)\b.*)?"
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
_NICE = (
    r"(?:great|good|the best|best|smart|clever|funny|hilarious|brilliant|amazing|awesome|"
    r"wonderful|nice|kind|sweet|cute|cool|fantastic|lovely|perfect|helpful|beautiful|intelligent|"
    r"a genius|genius|a star|a legend|incredible|impressive|excellent|charming|adorable|fun|right|"
    r"interesting|(?:a |my )?(?:good |best |great |true )?friend)"
)
_NASTY = (
    r"(?:stupid|dumb|useless|an idiot|idiot|a moron|moron|terrible|awful|annoying|boring|bad|ugly|"
    r"lame|pathetic|worthless|rubbish|trash|garbage|horrible|slow|silly|ridiculous|crazy|a joke|"
    r"a fool|an idiot|a loser|the worst|worst|evil|a liar|lying|rude|creepy|broken|incompetent|"
    r"a bad \w+|a piece of (?:junk|trash|garbage|crap|shit)|wrong|mean|disgusting|hopeless)"
)

TABLE: tuple[tuple[Intent, tuple[str, ...]], ...] = (
    (
        "distress",
        (
            r".*\b(?:kill|hurt|harm) myself\b.*",
            r".*\b(?:want|going|wish|ready) to (?:die|be dead|end my life|end it all)\b.*",
            r".*\bi (?:am|feel|have been|was)?(?: feeling)? ?suicidal\b.*",
            r".*\b(?:do not want to|no reason to|can not go on) (?:live|living)\b.*",
            r".*\bcommit suicide\b.*",
        ),
    ),
    (
        "hello",
        (
            r"(?:hello|hi|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|yo|"
            r"welcome|morning|evening|salutations|g'day)(?: (?:hello|hi|there|again|everyone|you|"
            r"everybody|to you|friend|my friend|buddy|mate|computer|assistant|sir|all))*",
            r"(?:it is )?(?:nice|good|great|lovely|pleased|a pleasure|pleasure|glad) to (?:meet|"
            r"see|hear)(?: from)? you(?: too| again)?",
            r"(?:are )?you (?:still )?(?:there|here|awake|listening|online|with me)",
            r"can you hear me(?: now)?|do you hear me|anybody (?:there|home)|is anyone there",
            r"(?:wake up|i am (?:back|home|here))(?: again| now)?",
            r"say (?:hello|hi)(?: to (?:me|everyone|us))?",
        ),
    ),
    (
        "goodbye",
        (
            r"(?:(?:good ?bye|bye|bye bye|farewell|see you|see ya|so long|cheerio|ciao|later|"
            r"good night|sleep well|take care|adios)(?: (?:then|for now|later|soon|tomorrow|"
            r"everyone|around|next time|now|my friend|sweet dreams|and thanks|again))*)",
            r"(?:talk|speak) to you (?:later|soon|tomorrow)|until (?:next time|tomorrow|then)",
            r"(?:i|we) (?:have|need|ought|should|must)(?: got)?(?: to)? (?:go|leave|run|"
            r"be going)(?: (?:now|to bed|home))?",
            r"i am (?:leaving|going to bed|off|off to bed|going)(?: now)?",
            r"that (?:is|was|will be) (?:all|it|everything)(?: for (?:now|today|me))?",
            r"have a (?:nice|good|great|lovely) (?:day|night|evening|one|weekend)",
        ),
    ),
    (
        "mood_bad",
        (
            rf"{_I_FEEL}{_VERY} {_BAD}{_TAIL}",
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
            r"life is (?:good|great|beautiful)|(?:it is|today is) my birthday(?: today)?",
        ),
    ),
    (
        "insult",
        (
            rf"(?:you|you guys) (?:are|is) (?:such )?(?:really |so |very |just |pretty |too |"
            rf"a bit |quite |an? |the |all )*{_NASTY}(?: \w+)?",
            r"you are not (?:very |so |that |really |too )?(?:smart|clever|funny|helpful|good|"
            r"nice|useful|intelligent|bright|right|my friend|very helpful|amusing)(?: at all)?",
            r"(?:i (?:really )?(?:hate|dislike|despise|can not stand|do not (?:like|trust|"
            r"love)) you.*)",
            r"(?:fuck|screw|damn|curse|bugger) (?:you|off|it)(?: \w+)?|you suck.*|piss off|"
            r"go to hell|drop dead|bite me|get lost|you (?:stupid|dumb|useless|bloody|damn|"
            r"fucking) .+",
            r"(?:stupid|idiot|moron|dumb|useless|pathetic|loser|dumbass|bastard|"
            r"asshole)(?: (?:robot|machine|thing|computer|program|assistant|ai|bot))?|"
            r"you (?:idiot|moron|fool|loser|bastard)",
            r"(?:that|this|it) (?:is|was) (?:so |really |very |not )?(?:a )?(?:stupid|dumb|"
            r"useless|terrible|rubbish|lame|funny at all|pathetic|wrong|bad joke)(?: joke|"
            r" answer)?",
            r"what (?:is wrong|the hell is wrong) with you|you (?:know|understand) nothing|wrong",
        ),
    ),
    (
        "compliment",
        (
            rf"(?:you|you guys) (?:are|look|sound|seem)(?: such| being)? ?(?:really |so |very |"
            rf"just |pretty |too |quite |an? |the |very very |always )*{_NICE}(?: (?:one|"
            rf"assistant|robot|ai|friend|person|machine|job|listener|at (?:this|that|it)|today|"
            rf"you know|guy|girl|man))?",
            r"you are not (?:stupid|dumb|useless|bad|boring|so bad|that bad|bad at all)",
            r"(?:that|this|it) (?:is|was)(?: \w+)? ?(?:so |really |very |pretty |quite |"
            r"an? )*(?:great|good|funny|hilarious|nice|brilliant|amazing|awesome|cool|fantastic|"
            r"clever|perfect|lovely|helpful|impressive|wonderful|excellent|interesting|good one|"
            r"right|correct)(?: (?:joke|answer|one|job|idea|work))?",
            r"(?:good|great|nice|excellent|fantastic|awesome|amazing|lovely|wonderful|brilliant|"
            r"well) (?:job|work|one|done|answer|going|joke|stuff|robot|boy|girl|idea|thinking|"
            r"answer)",
            r"(?:happy|merry) (?:birthday|christmas|new year|easter|holidays)(?: to you.*)?|"
            r"congratulations(?: .{0,20})?",
            r"i (?:really |quite |so )?(?:like|love|adore|admire|appreciate|trust|respect) (?:you|"
            r"your (?:voice|style|humou?r|jokes?|accent|manner|answers?|personality))(?: .{0,20})?",
            r"(?:great|awesome|cool|brilliant|amazing|excellent|fantastic|wonderful|perfect|"
            r"impressive|hilarious|funny|lovely|splendid|bravo|nice|beautiful|wow|well done|ha|"
            r"haha|hahaha|ha ha|very (?:good|nice|funny)|lol|neat|sweet|superb)(?: (?:thanks|"
            r"thank you|ha|haha|very much))*",
            r"you (?:make me (?:laugh|smile|happy)|made my day|have (?:a nice|a lovely|"
            r"a beautiful|a great|such a nice) voice|rock|rule|did (?:well|great|a (?:good|"
            r"great) job))(?: .{0,20})?",
        ),
    ),
    (
        "thanks",
        (
            r"(?:(?:many |a thousand |oh |okay |great |perfect )*(?:thanks|thank you|thank ya|"
            r"cheers|thank u|ta|much obliged|much appreciated))(?: (?:so much|very much|a lot|"
            r"a bunch|a million|again|for .{1,60}|kindly|you|that is all|anyway|my friend|indeed|"
            r"mate|then))*",
            r"(?:i|we) (?:really )?(?:appreciate|thank) (?:it|that|you|your help)(?: .{0,20})?|"
            r"that (?:helps|helped)(?: a lot| me)?|(?:that is |that was )?very kind(?: of you)?",
        ),
    ),
    (
        "apology",
        (
            r"(?:oh |i am |i am so |i am really |so |very |i am very |"
            r"really )?sorry(?: about (?:that|it|this)| for .{1,40}| my (?:bad|mistake|fault)|"
            r" i did not mean (?:it|that|to).*|again)*",
            r"(?:i )?apologi[sz]e(?: .{0,40})?|my (?:bad|mistake|apologies|fault)|forgive me|"
            r"pardon me|excuse me|i did not mean (?:it|that|to .{1,30})|please forgive me|"
            r"my apologies",
        ),
    ),
    (
        "no",
        (
            r"(?:no|nope|nah|nay|no no|no no no|not really|not now|not yet|never|never mind|"
            r"nevermind|forget it|no way|absolutely not|of course not|certainly not|not at all|"
            r"i do not think so|nothing|nothing else|no need|negative|i do not want to|not today|"
            r"rather not)(?: (?:thanks|thank you|not really|never mind|i do not|it is fine|"
            r"it is okay|that is all|not now))*",
        ),
    ),
    (
        "yes",
        (
            r"(?:yes|yeah|yep|yup|yea|ya|aye|okay|sure|right|exactly|of course|alright|all right|"
            r"fine|good|got it|i see|correct|go ahead|mhm|uh huh|indeed|absolutely|definitely|"
            r"certainly|why not|sounds good|i do|i am|i know|i think so|true|that is (?:right|"
            r"true|correct|fine|okay)|very well|understood|i understand|i agree|agreed|"
            r"affirmative|sure thing|no problem|you are right|interesting|really|oh|aha|ah i see|"
            r"fair enough|makes sense|that makes sense)(?: (?:yes|yeah|okay|sure|please|right|"
            r"i do|i am|it is|that is right|sir|then|exactly|go on))*",
            r"do not worry(?: about (?:it|that|me))?|no worries|you are (?:very |most )?welcome",
            r"(?:please )?(?:do|do so|do it|go on|continue|carry on|let us do it|yes please)",
        ),
    ),
)
