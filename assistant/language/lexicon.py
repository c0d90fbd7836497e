"""Lists of words, each once; those of numbers are in `numbers`. Where a list is needed a little
otherwise, it is derived there, and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def phrase_set(phrases: str) -> frozenset[str]:
    """The same of several words each, parted by "|"."""
    return frozenset(phrases.split("|"))


def either(words: str | Iterable[str]) -> str:
    """A pattern of any of these; "_" stands for a blank."""
    listed = words.split() if isinstance(words, str) else words
    found = sorted(set(listed), key=lambda word: (-len(word), word))
    return "(?:" + "|".join(word.replace("_", " ") for word in found) + ")"


def spoken_list(names: Sequence[str]) -> str:
    """ "JARVIS, GLaDOS and HAL 9000"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


# --- the small words of grammar ------------------------------------------------------------

QUESTION_WORDS = word_set("what who whom whose which where when why how")
MODALS = word_set("can could will would shall should may might must")
AUXILIARIES = MODALS | word_set("is are was were am do does did have has had")
NEGATED = word_set(
    "don't doesn't didn't won't can't couldn't wouldn't shouldn't isn't aren't wasn't"
)
"""Auxiliaries with "not", as they are written most."""
DETERMINERS = word_set(
    "a an the my your his her its our their this that these those some any no every each another"
)
PHRASE_OPENERS = word_set(
    """that who where to with for from of in into on at by as about between through after before
    until without like than"""
)
"""Words before which a sentence may be cut for breath."""
ASKING = either(QUESTION_WORDS)
ASKING_VERB = either(f"{' '.join(AUXILIARIES - {'do'})} do(?!_not)")
"""An auxiliary that a question may begin with: "do you", but not "do not"."""

STOP_WORDS = word_set(
    "a about all also am an and any are as at be because been being but by can could did do does "
    "doing done each for from had has have having he her hers him his how i if in into is it its "
    "just may me might mine more most must my no nor not of on or our so some such than "
    "that the their them then there these they this those to too us very was we were what when "
    "where which who whom whose why will with would you your yours"
)
"""Words that tell nothing of what a sentence is about: articles, pronouns, auxiliaries, the words
that questions begin with. The vectors of an index are made without them: whoever adds one has to
have every index made anew, so that "she" and "should" stand below."""
TALK_WORDS = word_set(
    "after again before called here know like name named now off one out over please really "
    "remember said say she should tell told up want yes user user's"
)
"""Words that are in every talk, and in every memory of one, whatever it is about."""
CUT_OFF = word_set("s t d ll m re ve don didn doesn isn wasn couldn wouldn")
"""What is left of contractions where a text is parted at its apostrophes."""

NEGATIONS = {
    "can't": "can not", "cant": "can not", "cannot": "can not", "won't": "will not",
    "wont": "will not", "dont": "do not", "doesnt": "does not", "didnt": "did not",
    "isnt": "is not", "arent": "are not", "wasnt": "was not",
}  # fmt: skip
"""Whole words that are opened as others than their parts ("isn't" is opened by its end) …"""
SHORT_FORMS = NEGATIONS | {
    "let's": "let us",
    "gonna": "going to",
    "wanna": "want to",
    "gimme": "give me",
    "lemme": "let me",
    "ok": "okay",
}
"""… and those that deny nothing."""
OPENED_ENDINGS = {
    "'m": "am", "'re": "are", "'ve": "have", "'ll": "will", "'d": "would",
}  # fmt: skip
BEFORE_IS = (QUESTION_WORDS - {"whom", "whose", "which"}) | word_set(
    "that it he she there here name everything something"
)
"""Where "'s" stands behind one of these, it is "is"."""

REQUEST_VERBS = word_set(
    "add book call check close count define describe explain find help keep list look make name "
    "open order pick play put read remind search send set show sing spell start switch tell "
    "translate turn wake write"
)
"""Begin a request, whatever else the sentence holds."""
ORDER_VERBS = REQUEST_VERBS | word_set(
    "act bring buy create draw flip get google guess imagine please pretend recommend ring roll "
    "schedule shut suggest text throw toss"
)
"""… or, of the whole of what was said, an order, a game, a call for help."""

# --- sounds and courtesies -----------------------------------------------------------------

HESITATION = r"(?:m{2,}|h+m+|u+h+m*|u+m+|a+h+|er+m?|eh+m?)"
"""A speaker who looks for words: "um", "uhh", "hmm", "erm"."""
HUM = rf"(?:{HESITATION}|m|m+h+m+|h+u+h+|o+h+)"
"""Any sound of a voice that is no word: those, and "mhm", "huh", "oh", which may answer."""

LEAD_INS = (
    "hey|okay|so|well|now|then|yes|yeah|no|actually|and|oh|right|listen|sorry|great|thanks"
    "|thank you|also"
)
"""Patterns of what people begin with, whatever they are about to say."""
TELLING_LEAD_INS = (
    f"{LEAD_INS}|but|look|anyway|by the way|i mean|wait|sure|to be honest|honestly"
    "|for your information|did you know(?: that)?|you should know(?: that)?"
    "|the thing is(?: that)?"
)
"""… or to tell."""
COURTESIES_AFTER = (
    "for me|right now|now|then|again|today|thanks|thank you|okay|if you can|if you could"
    "|if you do not mind|will you|would you|can you|could you"
)
"""Patterns of what may stand behind a request and asks for nothing."""

# --- days and months -----------------------------------------------------------------------

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
DAY = either(DAYS)
NAMED_DAYS = {
    "the day before yesterday": -2,
    "yesterday": -1,
    "today": 0,
    "tomorrow": 1,
    "the day after tomorrow": 2,
}
"""Days after today."""
MONTH = either(MONTHS)
MONTH_NUMBERS = {name[:3]: number for number, name in enumerate(MONTHS, start=1)}
"""By its first three letters, as which it may be abbreviated."""
MONTH_OR_SHORT = either(
    "sept?(?:ember)?" if name == "september" else f"{name[:3]}(?:{name[3:]})?" for name in MONTHS
)
"""A month in full or abbreviated."""
CAPITALISED = {name: name.capitalize() for name in (*DAYS, *MONTHS) if name not in ("may", "march")}
"""Words that are always written with a capital. (May and march are verbs, too.)"""

# --- people and what they do ---------------------------------------------------------------

NATIONALITIES = word_set(
    "german french english british irish scottish welsh dutch swedish norwegian danish finnish "
    "italian spanish portuguese greek turkish polish russian ukrainian american canadian mexican "
    "brazilian indian chinese japanese korean australian austrian swiss belgian czech hungarian "
    "romanian"
)

PAST = word_set(
    "went had did was got made took came saw knew thought felt left lost met ran drove bought "
    "found told broke fell flew ate wrote grew began became kept heard won sold paid sent spent "
    "taught slept spoke swam gave forgot chose sang stood understood wore built caught led held "
    "brought cut hit quit hurt put set let"
)
"""Forms after "I" that stay as they are."""

KIN = either(
    "sister brother mother father mum mom mummy dad daddy wife husband partner boyfriend "
    "girlfriend fiance fiancee fiancé fiancée son daughter uncle aunt auntie cousin grandmother "
    "grandfather grandma grandpa granny gran nan nana niece nephew boss manager colleague coworker "
    "flatmate roommate housemate neighbour neighbor friend best_friend teacher doctor dentist "
    "therapist landlord landlady twin twin_sister twin_brother stepmother stepfather stepson "
    "stepdaughter stepbrother stepsister mother-in-law father-in-law brother-in-law "
    "sister-in-law godmother godfather ex ex-wife ex-husband ex-boyfriend ex-girlfriend coach "
    "trainer tutor supervisor mentor baby kid child grandson granddaughter"
)
WHICH_KIN = (
    rf"(?:(?:older|elder|younger|little|big|other|late|new|old|oldest|youngest|eldest|dear) )?{KIN}"
)
MANY_KIN = either(
    "sisters brothers sons daughters kids children cousins nieces nephews grandchildren siblings "
    "friends parents grandparents twins aunts uncles flatmates roommates"
)
PET = either(
    "dog cat parrot hamster rabbit horse bird fish goldfish turtle tortoise snake lizard gecko "
    "guinea_pig puppy kitten budgie canary pony ferret mouse rat chicken goat sheep cow pig "
    "donkey parakeet cockatoo iguana spider tarantula pet hedgehog duck"
)
JOB_NAME = (
    r"(?:"
    + either(
        "nurse student doctor cook chef pilot artist pensioner judge musician writer retiree "
        "architect accountant actor actress engineer mechanic librarian priest consultant "
        "assistant veterinarian vet surgeon soldier sailor secretary postman policeman "
        "policewoman guard clerk teacher lawyer carpenter plumber programmer developer designer "
        "driver farmer painter singer dancer baker butcher firefighter officer photographer "
        "manager researcher professor builder gardener lecturer waiter waitress hairdresser "
        "translator electrician dentist paramedic midwife banker broker analyst economist editor "
        "author poet composer conductor director producer trainer coach bartender barista cashier "
        "cleaner tailor jeweller potter weaver blacksmith welder roofer bricklayer miner fisherman "
        "freelancer entrepreneur founder salesman saleswoman intern apprentice trainee postdoc "
        "interpreter administrator technician caretaker housewife househusband rabbi imam pastor "
        "monk nun referee athlete footballer cyclist runner_by_profession detective diplomat "
        "scientist"
    )
    + r"|\w{3,}(?:ologist|ographer|ician|onomist|atrician)|(?:phys|chem|journal|pharmac|psychiatr|"
    r"optometr|therap|pian|violin|guitar|flor|den|recept|linguist|novel|typ)ist)"
)
JOB = rf"(?:[a-z-]+ ){{0,3}}?{JOB_NAME}"
"""With what stands before it: "junior software developer"."""
IDENTITY = (
    r"(?:an? )?(?:strict |lifelong |proud |practising |single )?"
    + either(
        "vegan vegetarian pescatarian night_owl early_bird morning_person left-handed left_handed "
        "right-handed colour_blind color_blind colour-blind color-blind single married divorced "
        "engaged widowed widow widower retired pregnant only_child muslim christian catholic "
        "jewish buddhist hindu atheist deaf blind dyslexic autistic diabetic asthmatic introvert "
        "extrovert bilingual father mother dad mum mom parent grandmother grandfather twin "
        "self-employed unemployed teetotal veteran immigrant refugee feminist minimalist "
        + " ".join(NATIONALITIES)
    )
    + r"(?: (?:to|with|of) .{2,40})?"
)
EVENT = either(
    "talk presentation exam test interview appointment meeting date flight trip wedding concert "
    "recital race marathon match tournament surgery operation check-up checkup scan deadline "
    "lesson class lecture conference workshop course party dinner lunch reunion funeral hearing "
    "audition performance show rehearsal exhibition opening premiere graduation ceremony "
    "job_interview driving_test dentist_appointment doctor's_appointment doctor's viewing "
    "move holiday vacation game speech defence defense viva thesis_defence baby_shower visit "
    "anniversary birthday birthday_party barbecue picnic hike camp retreat session call review "
    "inspection delivery competition contest gig festival train half-marathon half_marathon "
    "yoga pilates choir practice haircut brunch breakfast supper drinks seminar tutorial training "
    "webinar briefing consultation booking reservation vaccination jab blood_test x-ray mri "
    "ultrasound screening treatment massage fitting handover bus ferry parents'_evening play "
    "christening baptism housewarming stand-up standup physiotherapy therapy screening catch-up "
    "podcast livestream tour hen_night stag_night sleepover playdate retirement_party leaving_do"
)
GOING = either(
    "flying going travelling traveling moving meeting giving visiting seeing starting leaving "
    "getting having taking attending running playing presenting speaking performing hosting "
    "returning driving hiking sailing camping celebrating marrying graduating defending sitting "
    "throwing picking joining opening launching interviewing coming staying"
)
GO = either("fly leave start travel move meet visit return marry graduate drive sail perform")
DURABLE = either(
    "learn become write build move travel visit study run start stop quit lose save buy finish "
    "climb master open publish design paint change improve get_fit get_married retire practise "
    "practice teach compose record restore renovate plant grow give_up cut_down adopt found "
    "launch create organise organize eat_less eat_more read_more sleep_more exercise_more "
    "see_more spend_less spend_more swim cycle sail dive speak play"
)
OFTEN = (
    r"(?:every|each) (?:single |other )?(?:day|morning|evening|night|week|weekend|month|year|"
    rf"summer|winter|spring|autumn|{DAY}"
    r"|other day|second (?:day|week)|weekday|hour)s?"
    rf"|on {DAY}s|on weekends|at weekends|on weekdays"
    r"|(?:once|twice|three times|four times|five times) (?:a|per) (?:day|week|month|year)"
    r"|in the (?:mornings|evenings|afternoons)|(?:daily|weekly)$"
    r"|most (?:days|mornings|evenings|nights)"
    r"|before (?:work|breakfast|bed)|after work"
)
"""How people say that something happens again and again."""
PRACTITIONER = either(
    "dentist doctor gp vet therapist physio physiotherapist orthodontist optician dermatologist "
    "gynaecologist gynecologist cardiologist psychologist psychiatrist paediatrician pediatrician "
    "midwife surgeon osteopath chiropractor hairdresser barber lawyer notary accountant plumber "
    "electrician tax_adviser bank hospital clinic orthopaedist urologist neurologist radiologist "
    "ophthalmologist eye_doctor mechanic garage tailor beautician tattooist speech_therapist"
)
"""Whom one sees at an appointed time."""
WORKING = (
    r"(?:working on|building|writing|learning|studying|training for|preparing for|saving(?: up)? "
    r"for|reading|renovating|planning|developing|designing|organi[sz]ing|researching|restoring|"
    r"teaching myself|practi[sc]ing for|applying for|applying to|trying to|knitting|composing|"
    r"painting)"
)
FEELING = either(
    "worried anxious nervous scared afraid sad stressed upset excited proud angry lonely "
    "heartbroken depressed grateful happy overwhelmed devastated thrilled homesick ashamed guilty "
    "jealous frustrated disappointed terrified relieved furious hopeful"
)
HEAVY = either(
    "heartbroken depressed devastated terrified lonely ashamed overwhelmed proud thrilled furious"
)
ILLNESS = either(
    "diabetes asthma adhd autism epilepsy arthritis migraines insomnia cancer depression anxiety "
    "allergies hay_fever coeliac_disease celiac_disease dyslexia tinnitus high_blood_pressure "
    "parkinson's alzheimer's multiple_sclerosis psoriasis eczema crohn's_disease ptsd"
)
ATTRIBUTE = (
    r"(?:favou?rite [\w' -]{2,30}|hobby|hobbies|job|profession|occupation|email(?: address)?|"
    r"(?:home |work )?address|phone(?: number)?|star sign|zodiac sign|shoe size|size|height|"
    r"blood type|native language|mother tongue|first language|car|bike|motorbike|dream job|"
    r"house|flat|apartment|team|school|university|company|nationality|religion|middle name|"
    r"surname|last name|nickname|time ?zone|instrument|pronouns|diet|(?:usual )?bedtime|"
    r"home ?town|specialty|major|degree|band|boat)"
)
