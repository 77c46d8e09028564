"""Which concepts the base learns, and which groups are withheld from it for concept LoRAs.

    python splits.py      checks the lists against WORK/concepts.json and writes models/mini/splits.json

Example: no bird is in the base, so "a penguin" is only drawn well with the LoRA of the group "birds".
"""

from common import MODELS, WORK, read_json, write_json

WITHHELD = {
    "birds": """bird chicken rooster dove duck eagle flamingo owl parrot peacock penguin swan turkey goose
        baby-chick""",
    "sea-animals": """fish tropical-fish blowfish shark dolphin whale spouting-whale octopus squid crab lobster shrimp
        jellyfish seal oyster""",
    "road-vehicles": """automobile taxi bus ambulance fire-engine police-car delivery-truck articulated-lorry tractor
        racing-car pickup-truck minibus sport-utility-vehicle trolleybus""",
    "aircraft": "airplane small-airplane helicopter rocket flying-saucer parachute satellite",
    "boats": "sailboat canoe speedboat motor-boat ship passenger-ship ferry",
    "instruments": """guitar violin saxophone trumpet banjo flute drum long-drum accordion maracas musical-keyboard
        postal-horn""",
    "insects": """bug butterfly ant honeybee lady-beetle beetle cricket cockroach fly mosquito worm spider scorpion
        snail""",
    "flowers": """tulip rose hibiscus sunflower blossom cherry-blossom lotus hyacinth bouquet wilted-flower
        white-flower rosette""",
    "headwear": """crown top-hat billed-cap womans-hat graduation-cap rescue-workers-helmet military-helmet""",
    "footwear": """mans-shoe running-shoe hiking-boot flat-shoe high-heeled-shoe womans-sandal ballet-shoes womans-boot
        thong-sandal ice-skate roller-skate""",
    "buildings": """house hut church castle japanese-castle mosque synagogue hindu-temple hospital bank school factory
        hotel post-office stadium""",
    "sweets": """ice-cream soft-ice-cream shaved-ice doughnut cookie birthday-cake shortcake cupcake pie chocolate-bar
        candy lollipop custard honey-pot""",
    "drinks": """beer-mug clinking-beer-mugs wine-glass cocktail-glass tropical-drink tumbler-glass hot-beverage teapot
        glass-of-milk bubble-tea cup-with-straw sake bottle-with-popping-cork beverage-box mate""",
    "tools": """hammer axe pick wrench screwdriver carpentry-saw nut-and-bolt gear ladder clamp toolbox magnet hook""",
    "balls": """soccer-ball basketball baseball softball tennis volleyball rugby-football american-football bowling
        pool-8-ball""",
    "reptiles": "crocodile turtle lizard snake dragon dragon-face sauropod t-rex",
}

# Kept out of the base as well: they show what a withheld group shows.
LEAKS = """hatching-chick front-facing-baby-chick dodo auto-rickshaw oncoming-automobile oncoming-bus
    oncoming-police-car oncoming-taxi airplane-arrival airplane-departure musical-score building-construction cityscape
    cityscape-at-dusk classical-building convenience-store department-store derelict-house house-with-garden houses
    japanese-post-office love-hotel office-building shinto-shrine kaaba wedding hammer-and-pick hammer-and-wrench
    clinking-glasses pouring-liquid teacup-without-handle baby-bottle carp-streamer flower-playing-cards
    moon-viewing-ceremony ping-pong goal-net ice-hockey field-hockey cricket-game lacrosse place-of-worship
    potable-water non-potable-water person-with-crown man-rowing-boat woman-rowing-boat person-rowing-boat prince
    princess skis motorway night-with-stars national-park"""


def is_twin(name: str, known: set[str]) -> bool:
    """Pictures that another concept shows as well, or that are letters only."""
    if name.endswith(("-facing-right", "-thirty")):
        return True
    if name.startswith("japanese-") and name.endswith("-button"):
        return True
    rest = name.removeprefix("person-")
    return rest != name and f"man-{rest}" in known and f"woman-{rest}" in known


def base_of(known: set[str]) -> list[str]:
    """Every concept that is neither withheld, nor shows what is withheld, nor has a twin."""
    out = {name for names in WITHHELD.values() for name in names.split()} | set(LEAKS.split())
    return sorted(name for name in known if name not in out and not is_twin(name, known))


def checked(names: str, known: set[str], group: str) -> list[str]:
    listed = names.split()
    unknown = [name for name in listed if name not in known]
    if unknown or len(set(listed)) != len(listed):
        raise SystemExit(f"{group}: unknown or repeated concepts: {unknown or listed}")
    return listed


def write_splits() -> None:
    known = {concept["concept"] for concept in read_json(WORK / "concepts.json")}
    withheld = {group: checked(names, known, group) for group, names in WITHHELD.items()}
    checked(LEAKS, known, "leaks")
    base = base_of(known)
    write_json(MODELS / "splits.json", {"base": base, "withheld": withheld})
    print(f"{len(base)} concepts in the base, {sum(map(len, withheld.values()))} withheld in {len(withheld)} groups")


if __name__ == "__main__":
    write_splits()
