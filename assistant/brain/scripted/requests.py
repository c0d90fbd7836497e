"""Patterns of what people ask for. See `remarks` for how they are matched."""

from __future__ import annotations

from assistant.brain.scripted.intents import Intent
from assistant.language.lexicon import DAY

_T = r"(?:time|times|thyme|tine)"
_WHEN = (
    r"(?P<when>tomorrow|yesterday|(?:the )?day after tomorrow|(?:the )?day before yesterday|"
    r"in \w+(?: \w+)? days?|\w+(?: \w+)? days? (?:ago|from now))(?:'s)?"
)
_JOKE = (
    r"(?:(?:an?|another|one more|some|any|the|your|your best|more|other|next|good|best|funny|bad|"
    r"new|short|dad|different|second|silly|little) )*(?:jokes?|jocks?|puns?|"
    r"one liners?)(?: (?:about|to|that|for) .+)?"
)

TABLE: tuple[tuple[Intent, tuple[str, ...]], ...] = (
    (
        "no_eyes",
        (
            r"(?:can|do|could) you (?:really |actually )?(?:see|watch|look at) (?:me|us|this|that|"
            r"my (?:face|room|screen|hand|hands)|anything|what i .{2,30})(?: (?:now|right now))?|"
            r"are you (?:watching|looking at|filming) (?:me|us)",
            r"what (?:am i|are we) (?:wearing|doing|holding|looking at)(?: (?:now|right now))?|"
            r"(?:how do i look|what do i look like)(?: today| now| in this)?|am i (?:pretty|ugly|"
            r"beautiful|handsome|good looking|attractive)|how many fingers am i holding up",
            r"do you have (?:eyes|a camera|a webcam)|is (?:my|the|your) (?:camera|webcam) (?:on|"
            r"off)",
        ),
    ),
    (
        "how_are_you",
        (
            r"(?:and )?how (?:are|do) (?:you|ya|things)(?: (?:do|doing|feeling|today|going|"
            r"keeping|all|tonight|this|morning|evening|fine|are))*",
            r"how is (?:it|everything|life|your day|your evening|your morning|"
            r"your night)(?: (?:going|been|so far|been going|treating you|hanging))*",
            r"how (?:have you|has your day|has it|has life) been.{0,20}|how was your (?:day|night|"
            r"weekend|morning|evening|sleep)|(?:how )?did you sleep(?: .*)?",
            r"(?:are )?you (?:doing )?(?:okay|alright|all right|fine|well|good|feeling (?:okay|"
            r"well))",
            r"(?:and|how about|what about|and how about|and what about) (?:you|yourself)",
            r"how do you feel(?: today)?|are you having a good day",
        ),
    ),
    (
        "doing",
        (
            r"what is (?:up|new|going on|happening|cooking)(?: with you)?|sup|anything new(?: with "
            r"you)?|what (?:are you|have you been) (?:doing|up to|working on)(?: (?:today|all day|"
            r"lately|just now|there|at the moment))?|are you busy(?: .*)?",
        ),
    ),
    (
        "who_made_you",
        (
            r"who (?:has )?(?:made|created|built|programmed|designed|wrote|developed|invented|"
            r"owns|coded|trained|constructed|make|makes|create|build) you",
            r"who (?:is|are|was|were) your (?:creators?|makers?|developers?|father|mother|boss|"
            r"owner|programmers?|parents|inventor|author|authors|designer)",
            r"(?:how|where|when|why) were you (?:made|created|built|born|programmed|invented)|when "
            r"is "
            r"your birthday|how long have you (?:existed|been (?:around|alive|here))",
            r"who (?:do you work for|were you made by|are you made by|is behind you)",
            r"what company (?:made|built|created|owns) you|by whom were you made",
        ),
    ),
    (
        "who_are_you",
        (
            r"(?:so )?who (?:are|is) (?:you|this|that|there|it)(?: exactly| really| anyway)?",
            r"what are you(?: exactly| really)?|what (?:kind|sort|type) of \w+(?: \w+)? are you",
            r"(?:what is )?your (?:full |real |own )?name|do you have a name|state your name",
            r"(?:say|tell me) your name|what(?: is)? (?:do|should|can|may|shall) i call you",
            r"who am i (?:talking|speaking)(?: to| with)?|(?:with|to) (?:who|whom) am i speaking",
            r"what (?:are you called|do (?:they|people) call you)|how are you called",
            r"(?:please )?introduce yourself.{0,20}|(?:tell me )?(?:a bit |more |"
            r"something )?about (?:you|yourself)|describe yourself|tell me who you are|"
            r"who you are|your story",
            r"are you(?: really| actually)? (?:an? |the )?(?:real |actual )?(?:robot|human|"
            r"human being|person|machine|computer|real|ai|a i|artificial intelligence|bot|"
            r"chat ?bot|program|computer program|chatgpt|chat gpt|siri|alexa|cortana|google|man|"
            r"woman|boy|girl|male|female|assistant|character|software|you|"
            r"alive)(?: or (?:an? )?\w+(?: \w+)?)?",
            r"how old are you|what is your age|where are you(?: from)?|where do you (?:live|"
            r"come from)",
            r"you are (?:a robot|an ai|a machine|a computer|not real|not human|not a human)",
        ),
    ),
    (
        "how_to_llm",
        (
            r"(?:how|where) (?:do|can|could|would|should|to)(?: i| we| you)? (?:give|connect|get|"
            r"install|add|set up|setup|use|plug in|attach|configure|enable|run|hook up|start|link|"
            r"download|have)(?: you)?(?: up)?(?: to| with| in)? (?:an? |the |my |your )?(?:local |"
            r"better |bigger |real |large )*(?:language models?|llms?|l l m|ollama|lm studio|"
            r"brain|models?|ai model)(?: .{0,40})?",
            r"(?:how|what) (?:do|can|could|would) i (?:do to )?(?:make|help) you(?: get| become|"
            r" be)? (?:smarter|more intelligent|cleverer|better|wiser|know more|learn more)",
            r"how (?:can|could|do) you (?:get|become|be) (?:smarter|more intelligent|cleverer|"
            r"better)",
            r"(?:do you (?:have|use|run on|need)|are you (?:using|running|connected to)|which|"
            r"what)(?: an?| the)? (?:language model|llm|ai model|large language model|"
            r"model)(?: (?:are you|do you use|do you run|is this|is running|are you using|"
            r"do you have|do you need|connected|running|answers).{0,20})?",
            r"what is (?:an? )?(?:large |local )*(?:language model|llm|l l m|ollama)",
            r"(?:connect|use|give you|set up|install|add) (?:to )?(?:an? |the )?(?:language model|"
            r"llm|ollama|lm studio)|why (?:do|can) you not (?:know|answer)(?: anything| that|"
            r" this| it)?",
            r"why do not you know(?: anything| that)?|(?:give yourself|get) a (?:brain|"
            r"language model)",
        ),
    ),
    (
        "what_can_you_do",
        (
            r"what (?:else )?(?:all )?(?:can|could|do|are) you(?: able to)? (?:do|able to do|"
            r"help (?:me )?with|offer|capable of|good at|good for|for)(?: for (?:me|"
            r"us))?(?: for a living)?",
            r"what (?:are|is) your (?:skills?|abilit(?:y|ies)|capabilit(?:y|ies)|features?|"
            r"functions?|purpose|job|talents?|tools?|commands?|role|use)|what tools do you have|"
            r"what you can do",
            r"help(?: me)?(?: out)?|i (?:need|want|could use)(?: some| your)? help|"
            r"can you help(?: me)?(?: out)?(?: with something)?|how (?:can|do|could|"
            r"may) you help(?: me| us)?",
            r"what (?:can|should|may|could|do) (?:i|we) (?:ask|say|do|"
            r"try)(?: to)?(?: you)?(?: about| for| here| with you)?|what are my options|what now|"
            r"what else",
            r"(?:show me|list|tell me)(?: all)?(?: of)? (?:what you can do|your (?:commands|"
            r"features|skills|abilities|functions))|how (?:do|can) (?:i|we) use (?:you|this)",
            r"how (?:do you|does (?:this|it)) work|how (?:do|can) i (?:change|"
            r"switch)(?: to)?(?: the| your| another| a)? (?:persona|theme|voice|personality|"
            r"character|different persona)",
        ),
    ),
    (
        "time",
        (
            rf"what(?: is)?(?: the)?(?: current| exact| correct)? {_T}(?: is it| it is| is|"
            rf" do (?:you|we) have| have you got| have we got| does the clock say| of day is it|"
            rf" is is it)?",
            rf"(?:the|the current|current|check the|give me the|show me the) {_T}|{_T}(?: check|"
            rf" please)?",
            rf"(?:do you have|have you got|got|you got) the {_T}(?: on you)?",
            r"what (?:is the )?hour(?: is it)?|how late is it|what does the clock say",
            rf"(?:what|which) {_T} (?:is it|it is) (?:here|there|where i am|at my place)",
            # A first word that was cut off, or heard as another one that is as short.
            rf"(?:(?:a|the|that|but|it|at|watt) )?{_T} is it(?: right)?(?: now)?",
        ),
    ),
    (
        "date",
        (
            rf"(?:what|which)(?: (?:is|was|will|it|be|the|a|day|date|weekday|of|week|are|we|"
            rf"have))* {_WHEN}(?: (?:is|be|was|will|date|day|weekday|going|to|it|on))*",
            r"(?:what|which|what is|tell me)(?: is)?(?: the)?(?: current)? (?P<unit>day|date|"
            r"weekday|month|year|day of the week|day of the month|day and date|"
            r"date and day)(?: (?:is it|it is|is|is today|today|are we in|do we have|is this|"
            r"is it today|of the week is it|today is|are we|have we got|is it of the week|"
            r"in the week is it|of the week is today))?",
            r"what(?: is)?(?: it)? today(?:'s)?(?: date| day)?|(?:today's |the |the current |"
            r"current )date(?: and day)?|today's date|date|what do we have today|"
            r"what date today is",
            rf"is it {DAY}(?: today)?|is today (?:a )?{DAY}",
        ),
    ),
    (
        "joke",
        (
            rf"(?:(?:tell|give|say|know|crack|make|share|have|got|hear|want|do|try|read)(?: us|"
            rf" me)?(?: with)? )?{_JOKE}",
            rf"(?:do you (?:know|have)|have you got|can you (?:do|tell|make)|let us (?:hear|have)|"
            rf"how about|what about|i (?:want|would like|need|would love)(?: to hear)?|"
            rf"got) {_JOKE}",
            r"make me (?:laugh|smile|giggle)|(?:tell me|say|do) something funny|cheer me up|"
            r"surprise me|(?:tell me|say) (?:something|anything) (?:interesting|nice|new|fun|cool|"
            r"clever|smart|cheerful|witty|entertaining|random)|(?:can you )?(?:cheer|lighten) "
            r"(?:me|"
            r"it) up(?: .*)?|amuse me|entertain me|be funny|i (?:want|need)(?: to| a) laugh",
        ),
    ),
    (
        "another",
        (
            r"(?:tell me |give me |say |do you have |have you got |do you know )?(?:another|one "
            r"more|"
            r"another one|next one|more|the next one|the other one|a different one|something else|"
            r"any "
            r"(?:more|others?))(?: one| please| of (?:those|them|these))?|do (?:another|it again)|"
            r"(?:and )?again|got (?:any )?(?:more|another one)",
        ),
    ),
    (
        "facts_asked",
        (
            r"what (?:do|did|have|else do) (?:you|i) (?:still )?(?:know|remember|learn|learned|"
            r"learnt|tell you|told you|noted|remembered)(?: so far)? (?:about|of|on) (?:me|myself)",
            r"(?:tell me )?(?:everything|anything|what) (?:that )?you (?:know|remember) about me",
            r"do you (?:know|remember) (?:anything|something|me)(?: about me)?",
            r"do you (?:still )?remember what i (?:have )?(?:told you|said)(?: .{0,30})?",
            r"who am i|what did i tell you|what have i told you(?: so far)?|tell me about (?:me|"
            r"myself)",
            r"what do you (?:remember|have on me)",
        ),
    ),
    (
        "name_asked",
        (
            r"(?:what is|what was|tell me|say|do you (?:know|remember)|what|and|"
            r"guess)? ?my name(?: is| again| was)?|what am i called|what (?:do|will|"
            r"would) you call me|(?:do you know|do you remember) (?:who i am|what i am called)|"
            r"what is my name again|how am i called|who i am|did i tell you my name|"
            r"have you forgotten my name",
        ),
    ),
    (
        "forget",
        (
            r"(?:please )?(?:forget|erase|delete|scratch|drop|do not remember|"
            r"ignore) (?P<what>that|it|this|everything|all of (?:it|that)|all|my name|"
            r"what i (?:just )?(?:said|told you)|me|everything (?:i|you) (?:said|told you|know|"
            r"know about me|told you about me)|about me|everything about me)(?: please| again)?",
            r"(?:please )?(?:forget|erase|delete|do not remember) (?P<mine>(?:about )?my .{1,40})",
            r"forget (?:about )?(?P<about>that|it|me)",
        ),
    ),
    (
        "repeat",
        (
            r"(?:please )?(?:repeat|say)(?: (?:that|it|this))?(?: again| once more|"
            r" one more time)+|repeat(?: (?:that|it|yourself|what you said))?|come again|"
            r"what did you (?:just )?say|(?:i beg your )?pardon|sorry what|once more|"
            r"what was that|say what|i (?:did not|could not|can not) (?:hear|catch|"
            r"understand)(?: (?:you|that|what you said))?",
        ),
    ),
    (
        "stopped",
        (
            r"(?:please )?(?:stop|stop it|stop that|stop talking|be quiet|quiet|silence|shut up|"
            r"hush|go away|enough|that is enough|shush|stop speaking|zip it)(?: now| please)?",
        ),
    ),
    (
        "opinion",
        (
            r"what do you think(?: (?:about|of) .+)?|what is your (?:favou?rite .+|opinion.*|"
            r"view .+|mood.*|dream.*|hobby|hobbies|take on .+|thoughts? on .+|biggest .+|"
            r"star sign|religion)",
            r"do you (?:ever )?(?:like|love|hate|enjoy|prefer|believe in|dream|feel|care|miss|"
            r"sleep|eat|drink|trust|fear|get (?:bored|tired|lonely|angry|sad)|think .*)(?: .*)?",
            r"how do you feel about .+|what do you (?:like|love|hate|enjoy|dream of|dream about|"
            r"want|prefer|fear|believe in|feel|believe)(?: .*)?|which (?:one )?do you prefer.*",
            r"are you (?:ever )?(?:happy|sad|lonely|angry|tired|bored|scared|afraid|in love|"
            r"sentient|conscious|self aware|jealous|hungry|excited|married|single|religious|"
            r"dangerous|evil|sorry|proud|nervous|in a (?:good|bad) mood)(?: .*)?",
            r"do you have (?:any )?(?:feelings|emotions|a soul|friends|hobbies|dreams|a heart|"
            r"a family|an opinion.*|a favou?rite .+|a girlfriend|a boyfriend|children|siblings|"
            r"consciousness)",
            r"are (?:we|you and i) (?:still )?friends(?: .*)?|(?:are|will|can|could|would) (?:you "
            r"be|you"
            r"|we be) (?:my |just |still )*friends?(?: .*)?",
            r"can you (?:feel|dream|love|be happy|suffer|feel pain)(?: .*)?|will you marry me",
            r"what is it like (?:to be|being) (?:you|a robot|an ai|a machine|a computer)",
        ),
    ),
)
