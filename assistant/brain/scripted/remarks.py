"""Patterns of what people say without asking for anything: courtesies, praise, blame.

They, and those of `feelings`, `follow_ups` and `requests`, are over the normal words of a sentence.
A pattern must match the whole of it (after politeness and vocatives are taken off), so that a
longer question that only contains such words ("what time is it in Tokyo") falls through to an
honest "I cannot" instead of a wrong answer.
"""

from __future__ import annotations

from assistant.brain.scripted.intents import Intent

_NICE = (
    r"(?:great|good|the best|best|smart|clever|funny|hilarious|brilliant|amazing|awesome|"
    r"wonderful|nice|kind|sweet|cute|cool|fantastic|lovely|perfect|helpful|beautiful|intelligent|"
    r"a genius|genius|a star|a legend|incredible|impressive|excellent|charming|adorable|fun|"
    r"interesting|(?:a |my )?(?:good |best |great |true )?friend)"
)
_NASTY = (
    r"(?:stupid|dumb|useless|an idiot|idiot|a moron|moron|terrible|awful|annoying|boring|bad|ugly|"
    r"lame|pathetic|worthless|rubbish|trash|garbage|horrible|slow|silly|ridiculous|crazy|a joke|"
    r"a fool|an idiot|a loser|the worst|worst|evil|a liar|rude|creepy|broken|incompetent|"
    r"a bad \w+|a piece of (?:junk|trash|garbage|crap|shit)|mean|disgusting|hopeless|depressing|"
    r"weird|strange|"
    r"scary|arrogant|cold|heartless|lazy|deaf|sarcastic|insane|nuts|obnoxious|no help|not helping)"
)

TABLE: tuple[tuple[Intent, tuple[str, ...]], ...] = (
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
        "love",
        (
            r"i (?:really |so |truly |do |think i )*(?:love|adore) you(?: .{0,30})?|i am (?:so |"
            r"madly |"
            r"totally |falling )*in love with you(?: .*)?|i have (?:feelings|a crush) (?:for|on) "
            r"you|"
            r"love you(?: too)?|you are the love of my life|i like you (?:a lot|very much|so much)",
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
            r"(?:that|this|it) (?:is|was) (?:so |really |very )?(?:a )?(?:stupid|dumb|"
            r"useless|terrible|rubbish|pathetic)(?: answer)?",
            r"are you (?:really |just |so |that |completely )*(?:stupid|dumb|crazy|insane|broken|"
            r"deaf|"
            r"drunk|an idiot|a moron|nuts)(?: .{0,20})?",
            r"what (?:is wrong|the hell is wrong) with you|you (?:know|understand) nothing",
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
            r"i (?:really |quite |so )?(?:like|admire|appreciate|trust|respect|love|adore) (?:you|"
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
            r" i did not mean (?:it|that|to).*| (?:that |if )?i .{1,50}|again)*",
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
            r"rather not|no do not|do not|better not|no leave it|leave it|"
            r"please do not|no stop|whatever|"
            r"i (?:do not want to|would rather not|do not like to) talk about "
            r"(?:it|"
            r"that|"
            r"this|him|her|them)|(?:let us )?(?:change the subject|talk about something else)|"
            r"leave me"
            r" alone|drop it)(?: (?:thanks|thank you|not really|never mind|i do not|it is fine|"
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
            r"affirmative|sure thing|no problem|you are right|interesting|oh|aha|ah i see|"
            r"fair enough|makes sense|that makes sense)(?: (?:yes|yeah|okay|sure|please|right|"
            r"i do|i am|it is|that is right|sir|then|exactly|go on))*",
            r"(?:guess|you know|know) what|(?:can|may|could) i (?:ask|tell) you (?:something|a "
            r"question|a secret)|i (?:have|have got) (?:a question|(?:some )?news|something to "
            r"(?:tell"
            r"|ask)(?: you)?)|i (?:want|need|would like|wanted) to (?:ask|tell) you something",
            r"(?:okay )?(?:i will|i shall|will do|i am on it|i will (?:do (?:that|it)|try)|let me "
            r"try)",
            r"do not worry(?: about (?:it|that|me))?|no worries|you are (?:very |most )?welcome",
            r"(?:please )?(?:do|do so|do it|let us do it|yes please)",
        ),
    ),
    (
        "statement",
        (
            r"well(?: well)+|as if|more or less|the usual|so it goes|hardly|all the same|if you "
            r"ask me|"
            r"(?:that|it) depends|good point|oops|ouch|(?:just )?look at (?:that|this|you)|big "
            r"deal|"
            r"poor thing|small world|lucky (?:you|me)|off we go|here we go|i guess(?: so)?|no "
            r"wonder|"
            r"as you (?:say|like|wish)|whatever you say|(?:the )?same old story|long story|so what|"
            r"who (?:knows|cares)(?: .*)?|easier said than done|better late than never|now or "
            r"never|"
            r"not that i know|such is life|that is life|as always|just as i thought|by the way|"
            r"anyway|"
            r"time (?:will tell|flies)|fingers crossed|my goodness|good heavens|no idea|in a way|"
            r"not bad|it is what it is|here we are|there you go|there you have it|never again",
        ),
    ),
)
