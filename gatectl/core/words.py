"""A hash as a few words: short enough to be written on paper, read out and compared by people."""

WORD_LIST = tuple(
    """
acid acorn actor adobe agent album alley amber angel ankle apple april apron arena armor arrow
aspen atlas attic autumn bacon badge bagel baker bamboo banjo barn basil basket beach beaver
bench berry bishop blanket blossom bonnet border bottle branch bread bridge broom bubble bucket
buffet button cabin cactus camel candle canoe canyon carbon cargo carpet castle cedar cello
chalk cherry chess circle citrus clover cobalt coffee comet copper coral cotton cousin cradle
crystal curtain daisy dance desert diamond dinner doctor dolphin donkey dragon drum eagle earth
echo eleven ember engine envelope fabric falcon feather fiddle finger flute forest fossil
fountain fox friday galaxy garden garlic ginger giraffe glacier glove goblet gold guitar hammer
harbor harvest hazel helmet hockey honey horizon hotel husky igloo indigo insect island ivory
jacket jaguar jasmine jigsaw jungle juniper kayak kettle kidney kitten koala ladder lagoon
lantern lemon leopard letter lily lobster lotus lunar magnet mango maple marble market meadow
melon metal midnight mirror monkey mosaic muffin museum napkin nectar needle nickel noodle north
novel oasis ocean olive onion opera orange orchid otter oven owl paddle palace panda paper
parrot pebble pencil pepper piano pigeon pillow planet pocket poem potato puzzle quartz queen
quilt rabbit radio raven rhubarb ribbon river robin rocket rubber saddle saffron salmon sandal
sapphire saturn school shadow silver sister snow spider spoon summer sunset tablet tango temple
thunder tiger timber tomato tower trumpet tulip turtle umbrella uncle unicorn valley vanilla
velvet violin volcano wagon walnut water whale willow window winter wizard yacht yellow yogurt
zebra zenith zipper
""".split()  # noqa: SIM905 - as a list these would be 256 lines
)
"""One word a byte, in the order of the alphabet; the first four letters tell each from the rest.

What was written on paper years ago must still be readable: no word here may ever change.
"""

_LETTERS = 4

WORDS_OF_A_HEAD = 16
"""Half of a SHA-256: nobody makes another record whose hash begins with the same 128 bits."""


def words_of(digest: str, count: int = WORDS_OF_A_HEAD) -> str:
    """Write the first bytes of a hash (hex digits) as words."""
    return " ".join(WORD_LIST[byte] for byte in bytes.fromhex(digest)[:count])


def digits_of(words: str) -> str:
    """Read words back into hex digits; raises ValueError at a word that is none of ours.

    Four letters of a word are enough, whatever their case.
    """
    return bytes(_number(word) for word in words.split()).hex()


def _number(word: str) -> int:
    begin = word.casefold()
    found = [
        number
        for number, known in enumerate(WORD_LIST)
        if known == begin or (len(begin) >= _LETTERS and known.startswith(begin))
    ]
    if len(found) != 1:
        raise ValueError(f"{word[:40]!r} is none of the words of a hash")
    return found[0]
