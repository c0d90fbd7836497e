"""Lists of words that the rules go by."""

from __future__ import annotations

import calendar


def word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _either(words: str) -> str:
    """A pattern of any of these; "_" stands for a blank."""
    found = sorted(set(words.split()), key=len, reverse=True)
    return "(?:" + "|".join(word.replace("_", " ") for word in found) + ")"


CAPITALISED = {
    name.lower(): name
    for name in (
        *calendar.day_name,
        *(m for m in calendar.month_name if m and m not in ("May", "March")),
    )
}
"""Words that are always written with a capital. (May and march are verbs, too.)"""

PAST = word_set(
    "went had did was got made took came saw knew thought felt left lost met ran drove bought "
    "found told broke fell flew ate wrote grew began became kept heard won sold paid sent spent "
    "taught slept spoke swam gave forgot chose sang stood understood wore built caught led held "
    "brought cut hit quit hurt put set let"
)
"""Forms after "I" that stay as they are."""

KIN = _either(
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
MANY_KIN = _either(
    "sisters brothers sons daughters kids children cousins nieces nephews grandchildren siblings "
    "friends parents grandparents twins aunts uncles flatmates roommates"
)
PET = _either(
    "dog cat parrot hamster rabbit horse bird fish goldfish turtle tortoise snake lizard gecko "
    "guinea_pig puppy kitten budgie canary pony ferret mouse rat chicken goat sheep cow pig "
    "donkey parakeet cockatoo iguana spider tarantula pet hedgehog duck"
)
JOB = (
    r"(?:[a-z-]+ ){0,3}?(?:"
    + _either(
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
        "monk nun referee athlete footballer cyclist runner_by_profession detective diplomat"
    )
    + r"|\w{3,}(?:ologist|ographer|ician|onomist|atrician)|(?:phys|chem|journal|pharmac|psychiatr|"
    r"optometr|therap|pian|violin|guitar|flor|den|recept|linguist|novel|typ)ist)"
)
IDENTITY = (
    r"(?:an? )?(?:strict |lifelong |proud |practising |single )?"
    + _either(
        "vegan vegetarian pescatarian night_owl early_bird morning_person left-handed left_handed "
        "right-handed colour_blind color_blind colour-blind color-blind single married divorced "
        "engaged widowed widow widower retired pregnant only_child muslim christian catholic "
        "jewish buddhist hindu atheist deaf blind dyslexic autistic diabetic asthmatic introvert "
        "extrovert bilingual father mother dad mum mom parent grandmother grandfather twin "
        "self-employed unemployed teetotal veteran immigrant refugee feminist minimalist "
        "german french english british irish scottish welsh dutch swedish norwegian danish finnish "
        "italian spanish portuguese greek turkish polish russian ukrainian american canadian "
        "mexican brazilian indian chinese japanese korean australian austrian swiss belgian czech "
        "hungarian romanian"
    )
    + r"(?: (?:to|with|of) .{2,40})?"
)
EVENT = _either(
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
GOING = _either(
    "flying going travelling traveling moving meeting giving visiting seeing starting leaving "
    "getting having taking attending running playing presenting speaking performing hosting "
    "returning driving hiking sailing camping celebrating marrying graduating defending sitting "
    "throwing picking joining opening launching interviewing coming staying"
)
GO = _either("fly leave start travel move meet visit return marry graduate drive sail perform")
DURABLE = _either(
    "learn become write build move travel visit study run start stop quit lose save buy finish "
    "climb master open publish design paint change improve get_fit get_married retire practise "
    "practice teach compose record restore renovate plant grow give_up cut_down adopt found "
    "launch create organise organize eat_less eat_more read_more sleep_more exercise_more "
    "see_more spend_less spend_more swim cycle sail dive speak play"
)
OFTEN = (
    r"(?:every|each) (?:single |other )?(?:day|morning|evening|night|week|weekend|month|year|"
    r"summer|winter|spring|autumn|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|other day|second (?:day|week)|weekday|hour)s?"
    r"|on (?:mon|tues|wednes|thurs|fri|satur|sun)days|on weekends|at weekends|on weekdays"
    r"|(?:once|twice|three times|four times|five times) (?:a|per) (?:day|week|month|year)"
    r"|in the (?:mornings|evenings|afternoons)|(?:daily|weekly)$"
    r"|most (?:days|mornings|evenings|nights)"
    r"|before (?:work|breakfast|bed)|after work"
)
"""How people say that something happens again and again."""
PRACTITIONER = _either(
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
FEELING = _either(
    "worried anxious nervous scared afraid sad stressed upset excited proud angry lonely "
    "heartbroken depressed grateful happy overwhelmed devastated thrilled homesick ashamed guilty "
    "jealous frustrated disappointed terrified relieved furious hopeful"
)
HEAVY = _either(
    "heartbroken depressed devastated terrified lonely ashamed overwhelmed proud thrilled furious"
)
ILLNESS = _either(
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
