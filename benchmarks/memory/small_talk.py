"""Small talk of our own making: what people say to a companion all day, and now and then a fact.

A grammar in plain words: "{x}" stands for one of the words of that name. The same seed gives the
same talk. Of what is a fact, it is known what has to be found of it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

WORDS: dict[str, tuple[str, ...]] = {
    "name": ("Grace", "Tom", "Nadia", "Oscar", "Lena", "Yusuf", "Ingrid", "Pablo", "Mei", "Anton"),
    "persona": ("Jarvis", "GLaDOS", "HAL", "Marvin", "TARS"),
    "kin": ("sister", "brother", "mother", "father", "cousin", "neighbour", "boss", "best friend"),
    "pet": ("dog", "cat", "parrot", "rabbit", "hamster", "tortoise"),
    "petname": ("Picasso", "Rex", "Miro", "Luna", "Biscuit", "Pepper", "Ziggy", "Olive"),
    "city": ("Oslo", "Bergen", "Lisbon", "Leeds", "Graz", "Nairobi", "Osaka", "Toronto"),
    "job": ("nurse", "teacher", "carpenter", "software engineer", "baker", "translator"),
    "food": ("olives", "dark chocolate", "ramen", "blue cheese", "mushrooms", "coriander"),
    "art": ("jazz", "opera", "old westerns", "science fiction", "chess", "gardening"),
    "colour": ("green", "dark blue", "orange", "purple"),
    "event": ("talk", "dentist appointment", "job interview", "piano recital", "driving test"),
    "day": ("Monday", "Tuesday", "Thursday", "Friday", "Saturday"),
    "skill": ("Portuguese", "to sail", "the violin", "to bake sourdough"),
    "project": ("a novel about lighthouses", "a robot that waters plants", "a thesis about bees"),
    "mood": ("hungry", "tired", "bored", "fine", "cold", "thirsty", "okay", "sleepy", "ready"),
    "thing": ("weather", "game", "film", "bus", "traffic", "soup", "neighbour's music", "news"),
    "quality": ("awful", "great", "strange", "so loud", "better than yesterday", "fine", "boring"),
    "place": ("kitchen", "garden", "shop", "bus stop", "park"),
    "song": ("Yesterday", "Imagine", "Waterloo", "Thriller"),
    "number": ("twelve", "seven", "forty", "ninety nine"),
    "morning": ("morning", "afternoon", "evening"),
}
TALK: tuple[str, ...] = (
    # greetings and manners
    "Hello.", "Hi there.", "Good {morning}.", "Hey {persona}.", "Good {morning}, {persona}.",
    "How are you?", "How are you today, {persona}?", "I'm {mood}, thanks.", "Thanks a lot.",
    "Thank you, that was nice.", "Goodbye.", "See you later.", "Good night, {persona}.",
    "Not bad, and you?", "You are funny.", "I like your voice.", "I love how you say that.",
    "Well done.", "Sorry, I was not listening.", "Nice to meet you.", "Bless you.", "Cheers.",
    # noises and half sentences
    "Hmm.", "Yes.", "No.", "Okay.", "Right.", "Uh, never mind.",
    "Wait a second.", "I mean, well.",
    "So, anyway.", "Oh, I see.", "And then?", "What?", "Pardon?", "Haha.", "Wow.", "Maybe.",
    "I don't know.", "I have no idea.", "My goodness.", "It depends.", "Whatever.", "Exactly.",
    # questions
    "What time is it?", "What is the weather like in {city}?", "Who are you?", "Can you sing?",
    "Do you like {art}?", "What is {number} times {number}?", "Have you ever been to {city}?",
    "Where is {city}?", "Is there a {pet} that can talk?", "What should I cook with {food}?",
    "Do I sound like a {job}?", "Did I tell you about my {pet}?", "What is my {kin} called?",
    "Do you remember that I live in {city}?", "Should I learn {skill}?", "Am I a good {job}?",
    "Would you like to live in {city}?", "Why do people eat {food}?", "Are you a {job}?",
    "My {pet} is cute, isn't it?", "Do you think my {kin} likes {food}?", "Who wrote {song}?",
    # orders
    "Tell me a joke.", "Set a timer for {number} minutes.", "Change to {persona}.",
    "Louder please.",
    "Play {song}.", "Stop.", "Say that again.", "Sing {song} for me.", "Tell me about {city}.",
    "Turn off the light in the {place}.", "Please be quiet.",
    "Explain {art} to me.",
    "Remind me what you said.", "Let's talk about {art}.", "Guess how old I am.", "Call my {kin}.",
    "Give me a recipe with {food}.", "Speak slower.", "Pretend you are a {job}.",
    # here and now
    "I'm {mood}.", "I am so {mood} today.", "I'm back.", "I'm in the {place}.", "I have to go now.",
    "I'm going to the {place}.", "It's raining.", "The {thing} is {quality}.", "My head hurts.",
    "I need a coffee.", "I'm on the bus.", "I just had lunch.", "My phone is dead.", "It is late.",
    "I'm looking for my keys.", "I have a headache.", "I have a question.", "I want to go to bed.",
    "I'm going to bed.", "I'm listening.", "I was in the {place} a minute ago.", "I feel {mood}.",
    "The {thing} was {quality} this morning.", "I'm eating {food} right now.", "I forgot my keys.",
    "I lost my pen.", "My soup is cold.", "I'm having dinner.", "I can't find the remote.",
    "I have been waiting for the {thing} all day.", "I am on the phone.", "I saw a {pet} today.",
    # guesses, games, hearsay
    "If I had a {pet}, I would call it {petname}.", "Maybe I'll move to {city} one day.",
    "I wish I were a {job}.", "I dreamed that I lived in {city}.", "Imagine I am a {job}.",
    "I think my {kin} is in the {place}.", "She said her {pet} is called {petname}.",
    "Let's say my name is {name}.", "I might become a {job}.", "My {kin} says I should eat {food}.",
    "In the film I live in {city} and I am a {job}.", "I'm kidding, I am not a {job}.",
    "They say {food} is healthy.", "Suppose I have two {pet}s.", "I could be a {job}.",
    "He told me that I have a {event} on {day}.", "I would love some {food} now.",
    "I guess I like {art}, sort of.", "Someone told me my {pet} is called {petname}.",
    # chatter
    "That is a good one.", "I like that.", "I love it.", "This is fun.",
    "That reminds me of a film.",
    "People are strange.", "{city} must be nice.", "I hate it when that happens.", "You know me.",
    "I always say that.", "That was my favourite.", "It was a long day.",
    "I never know what to say.",
    "I read something about {art}.", "There was a {pet} in the {place}.", "I like this song.",
    "I prefer the other one.", "The {thing} gets {quality} every year.", "I agree with you.",
    "My {pet} is asleep on the sofa.", "I was thinking about {city}.", "I laughed so much.",
    "We had {food} yesterday.", "I saw {name} in the {place} this morning.", "I cooked today.",
)  # fmt: skip
FACTS: tuple[tuple[str, str], ...] = (
    # what is said | what of it must be in a memory
    ("My {pet} is called {petname}.", "{pet} {petname}"),
    ("Remember that my {pet} is called {petname}.", "{pet} {petname}"),
    ("By the way, I live in {city}.", "lives {city}"),
    ("I'm a {job}.", "{job}"),
    ("I work as a {job} in {city}.", "{job}"),
    ("My {kin} {name} lives in {city}.", "{name} {city}"),
    ("{name} is my {kin}.", "{name} {kin}"),
    ("I really love {art}.", "{art}"),
    ("I can't stand {food}.", "{food}"),
    ("I'm allergic to {food}.", "allergic {food}"),
    ("My favourite colour is {colour}.", "{colour}"),
    ("I have a {event} on {day}.", "{event} {day}"),
    ("Next week I'm flying to {city}.", "{city}"),
    ("I want to learn {skill}.", "{skill}"),
    ("I'm working on {project}.", "{project}"),
    ("I go swimming every {day}.", "swimming {day}"),
    ("I'm worried about my {event}.", "worried {event}"),
    ("I miss my {kin}.", "misses {kin}"),
    ("My name is {name}, by the way.", "{name}"),
    ("Well, my birthday is on the third of May.", "birthday May"),
    ("I grew up in {city}.", "{city}"),
    ("I never eat {food}.", "{food}"),
    ("My {kin} is a {job}.", "{kin} {job}"),
    ("I moved to {city} last year.", "{city}"),
    ("I have two {pet}s.", "two {pet}"),
    ("Please don't forget that the plumber comes on {day}.", "plumber {day}"),
    ("I've been so excited about my trip to {city}.", "excited {city}"),
    ("I take the early train to {city} every morning.", "train {city}"),
    ("My {kin} and I sing in a choir on Thursdays.", "choir"),
    ("I used to be a {job}, but these days I paint.", "{job}"),
)
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """One turn of the user. `truth`: words that must all be in one memory of it; empty where there
    is nothing to remember."""

    text: str
    truth: tuple[str, ...] = ()


def small_talk(turns: int, seed: int = 1, facts: float = 0.05) -> Iterator[ScriptLine]:
    """So many turns, a share of `facts` of them worth remembering. A third comes as speech
    recognition writes it without knowing better: in small letters, without marks."""
    chance = random.Random(seed)
    for _ in range(turns):
        truth: tuple[str, ...] = ()
        if chance.random() < facts:
            template, wanted = chance.choice(FACTS)
            chosen = _choose(template, chance)
            truth = tuple(_fill(wanted, chosen).split())
        else:
            template = chance.choice(TALK)
            chosen = _choose(template, chance)
        text = _fill(template, chosen)
        if chance.random() < 1 / 3:
            text = text.rstrip(".").lower() if not text.endswith("?") else text.lower()
        yield ScriptLine(text, truth)


def _choose(template: str, chance: random.Random) -> dict[str, str]:
    return {name: chance.choice(WORDS[name]) for name in _SLOT.findall(template)}


def _fill(template: str, chosen: dict[str, str]) -> str:
    return _SLOT.sub(lambda match: chosen[match[1]], template)
