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

# Near-twins of other concepts and pictures that are mostly letters are left out of the base.
BASE = """
    badger bat bear beaver bison black-cat boar camel cat cat-face chipmunk coral cow cow-face deer dog dog-face
    donkey elephant ewe fox frog giraffe goat gorilla guide-dog hamster hedgehog hippopotamus horse horse-face
    kangaroo koala leopard lion llama mammoth monkey monkey-face moose mouse mouse-face orangutan otter ox panda pig
    pig-face pig-nose polar-bear poodle rabbit rabbit-face raccoon ram rat rhinoceros skunk sloth tiger tiger-face
    two-hump-camel unicorn water-buffalo wolf zebra spiral-shell spider-web paw-prints feather wing microbe
    nest-with-eggs cactus deciduous-tree evergreen-tree palm-tree potted-plant seedling herb shamrock
    four-leaf-clover maple-leaf fallen-leaf leaf-fluttering-in-wind mushroom sheaf-of-rice avocado bacon bagel
    baguette-bread banana beans bell-pepper bento-box blueberries bowl-with-spoon bread broccoli brown-mushroom
    burrito butter canned-food carrot cheese-wedge cherries chestnut coconut cooked-rice cooking croissant cucumber
    curry-rice cut-of-meat dango dumpling ear-of-corn egg eggplant falafel fish-cake-with-swirl flatbread fondue
    fork-and-knife fortune-cookie french-fries fried-shrimp garlic ginger-root grapes green-apple green-salad
    hamburger hot-dog hot-pepper ice jar kitchen-knife kiwi-fruit leafy-green lemon lime mango meat-on-bone melon
    moon-cake oden olive onion pancakes pea-pod peach peanuts pear pineapple pizza popcorn pot-of-food potato
    poultry-leg pretzel red-apple rice-ball rice-cracker roasted-sweet-potato salt sandwich shallow-pan-of-food
    spaghetti spoon steaming-bowl strawberry stuffed-flatbread sushi taco takeout-box tamale tangerine tomato waffle
    watermelon grinning-face smiling-face-with-sunglasses smiling-face-with-heart-eyes winking-face thinking-face
    crying-face angry-face sleeping-face neutral-face face-with-medical-mask nerd-face star-struck zipper-mouth-face
    cold-face hot-face clown-face cowboy-hat-face exploding-head partying-face alien alien-monster robot ghost skull
    pile-of-poo angry-face-with-horns ogre goblin red-heart blue-heart green-heart broken-heart two-hearts
    heart-with-arrow speech-balloon kiss-mark collision fire balloon teddy-bear trophy kite wrapped-gift yarn
    crystal-ball game-die joystick video-game artist-palette boxing-glove christmas-tree jack-o-lantern fishing-pole
    bullseye yo-yo ribbon puzzle-piece bed bell bomb books camera candle chair coin couch-and-lamp dress door
    envelope gem-stone glasses gloves hourglass-done key kimono laptop light-bulb locked lipstick money-bag
    mobile-phone necktie package paperclip pencil pill pushpin ring scissors shield shopping-cart socks sunglasses
    t-shirt telephone television toothbrush backpack briefcase bucket basket broom jeans scarf coat handbag battery
    telescope microscope test-tube syringe scroll alarm-clock watch compass luggage cloud cloud-with-rain
    cloud-with-lightning rainbow snowflake snowman sun sun-with-face full-moon crescent-moon star glowing-star
    droplet water-wave umbrella volcano mountain desert-island rock tent bicycle locomotive tram anchor
    globe-showing-americas ringed-planet milky-way thermometer wheel brain anatomical-heart lungs bone tooth eye ear
    nose tongue mouth
"""


def checked(names: str, known: set[str], group: str) -> list[str]:
    listed = names.split()
    unknown = [name for name in listed if name not in known]
    if unknown or len(set(listed)) != len(listed):
        raise SystemExit(f"{group}: unknown or repeated concepts: {unknown or listed}")
    return listed


def write_splits() -> None:
    known = {concept["concept"] for concept in read_json(WORK / "concepts.json")}
    withheld = {group: checked(names, known, group) for group, names in WITHHELD.items()}
    base = checked(BASE, known, "base")
    both = set(base) & {name for names in withheld.values() for name in names}
    if both:
        raise SystemExit(f"both in the base and withheld: {sorted(both)}")
    write_json(MODELS / "splits.json", {"base": base, "withheld": withheld})
    print(f"{len(base)} concepts in the base, {sum(map(len, withheld.values()))} withheld in {len(withheld)} groups")


if __name__ == "__main__":
    write_splits()
