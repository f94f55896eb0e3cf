"""The scene types: scenery first, then objects from back to front."""

from __future__ import annotations

from collections.abc import Callable

from . import backdrop, decor, rooms
from .palette import CREAM, lighter, mix, rgb
from .stage import WIDE, Stage

FLOOR = 276.0  # where wall and floor meet in rooms


def street(stage: Stage) -> None:
    """Houses and shops along a pavement, traffic on the road before them."""
    ink = stage.ink
    backdrop.sky(stage, 240)
    backdrop.skyline(stage, 240)
    if ink.chance(0.6):
        decor.hedge(stage, 240)
    backdrop.road(stage, 236)
    built = ink.pick([["house"], ["shop"], ["house", "shop"], ["house"]])
    small = ink.some(["tree", "street lamp", "traffic light", "mailbox", "person", "pine", "dog"], ink.count(1, 2) if len(built) < 2 else 1)
    stage.row(built + small, 252, scale=ink.span(1.0, 1.14), jitter=2)
    big = ink.pick(["car", "bus", "truck", "bicycle"])
    stage.row([big], 356, scale=ink.span(1.1, 1.25), jitter=6)


def harbour(stage: Stage) -> None:
    """Boats on the water, a lighthouse or a crane, a quay in front."""
    ink = stage.ink
    horizon = ink.span(158, 176)
    backdrop.sky(stage, horizon)
    backdrop.hills(stage, horizon - 2, rows=1)
    backdrop.sea(stage, horizon, 330, rgb("3f9cc4"))
    left = ink.chance(0.5)
    far_x = 78 if left else WIDE - 78
    crane = ink.chance(0.3)
    if not crane and ink.chance(0.6):
        _islet(stage, far_x, horizon + 30)
        stage.put("lighthouse", far_x, horizon + 20, scale=0.84, shadow=False)
        sides = (140, WIDE - 8) if left else (8, WIDE - 140)
    else:
        sides = (8, WIDE - 8)
    if ink.chance(0.3):
        stage.row(["ferry"], horizon + 26, scale=0.62, low=sides[0], high=sides[1])
    stage.row(
        ink.some(["sailboat", "fishing boat", "sailboat", "buoy"], 2), 272, scale=ink.span(0.98, 1.1), low=sides[0], high=sides[1], jitter=5
    )
    backdrop.quay(stage, 312)
    decor.bollards(stage, 314)
    if crane:
        stage.put("crane", far_x, 330, scale=0.98, flip=not left)
        sides = (140, WIDE - 8) if left else (8, WIDE - 140)
    stage.row(ink.some(["crate", "seagull", "person", "bench", "cat"], 1), 362, scale=1.08, low=sides[0], high=sides[1])


def _islet(stage: Stage, x: float, y: float) -> None:
    c = stage.canvas
    c.oval(x, y, 72, rgb("8f8a80"), 17)
    c.oval(x - 6, y - 6, 62, mix(stage.ink.palette.ground, rgb("8f8a80"), 0.25), 12)
    c.oval(x, y + 10, 82, (255, 255, 255), 3, alpha=0.4)


def kitchen(stage: Stage) -> None:
    """Fridge, stove and cabinets along the wall, a table in front."""
    ink = stage.ink
    rooms.room(stage, FLOOR, mix(ink.wall(), lighter(ink.accent(), 0.6), 0.4), tiles=True)
    decor.backsplash(stage, FLOOR)
    decor.mat(stage, 330)
    units = ink.pick([["fridge", "stove", "cabinet"], ["stove", "cabinet"], ["fridge", "cabinet"], ["fridge", "stove"]])
    scale = ink.span(1.05, 1.16)
    tall = "fridge" in units
    _wall_things(stage, low=20, high=WIDE - 20, skip=tall)
    spots = stage.row(units, FLOOR + 10, scale=scale, jitter=0, gap=2)
    if "cabinet" in spots:
        stage.put(
            ink.pick(["kettle", "potted plant", "kettle"]),
            spots["cabinet"] + ink.span(-18, 18),
            FLOOR + 10 - 86 * scale,
            scale=0.86,
            shadow=False,
        )
    front = ink.pick([["table"], ["chair"], ["table"], ["cat"], ["dog"], ["chair", "cat"], ["person"]])
    stage.row(front, 366, scale=1.12, low=30, high=WIDE - 30, jitter=5)


def _wall_things(stage: Stage, *, low: float, high: float, skip: bool = False) -> None:
    ink = stage.ink
    kind = ink.count(0, 2)
    middle = ink.span(low + 90, high - 90)
    if kind == 0 or skip:
        stage.put(ink.pick(["clock", "picture"]), middle, ink.span(78, 88), scale=ink.span(1.0, 1.15))
    elif kind == 1:
        rooms.wall_window(stage, middle - 52, 34, 104, 88)
    else:
        stage.hang(ink.some(["clock", "picture", "picture"], 2), 104, low=low + 20, high=high - 20, scale=1.05)


def living_room(stage: Stage) -> None:
    """Sofa or television, lamp, shelf, pictures; pets in front."""
    ink = stage.ink
    rooms.room(stage, FLOOR, ink.pick([ink.wall(), lighter(ink.accent(), 0.5)]))
    if ink.chance(0.6):
        rooms.rug(stage, ink.span(190, 320), 336, ink.span(120, 170), lighter(ink.accent(), 0.3))
    main = ink.pick(["sofa", "television", "sofa", "armchair"])
    others = ink.some(["floor lamp", "bookshelf", "potted plant", "armchair"], ink.count(1, 2))
    tall = "bookshelf" in others
    _wall_things(stage, low=30, high=WIDE - 30, skip=tall)
    stage.row([main, *[o for o in others if o != main]], FLOOR + 14, scale=ink.span(1.08, 1.2), jitter=3)
    front = ink.pick([["cat"], ["dog"], ["table"], ["person"], ["beach ball", "cat"], ["armchair"]])
    stage.row(front, 364, scale=1.1, low=30, high=WIDE - 30, jitter=6)


def office(stage: Stage) -> None:
    """Desks with computers, swivel chairs, shelves and a whiteboard."""
    ink = stage.ink
    rooms.room(stage, FLOOR, mix(ink.wall(), rgb("dfe7ee"), 0.5))
    side = ink.chance(0.5)
    tall_x, desk_x = (74, 300) if side else (WIDE - 74, WIDE - 300)
    behind = ink.pick(["bookshelf", "cabinet", "potted plant", "floor lamp"])
    wall = ink.count(0, 2)
    wall_x = desk_x + ink.span(-50, 50)
    if wall == 0:
        stage.put("whiteboard", wall_x, 132, scale=1.1)
    elif wall == 1:
        rooms.wall_window(stage, wall_x - 60, 34, 120, 92)
    else:
        stage.hang([ink.pick(["clock", "picture"])], 104, low=desk_x - 130, high=desk_x + 130)
    stage.put(behind, tall_x, FLOOR + 10, scale=1.12)
    if behind == "cabinet":
        stage.put(ink.pick(["printer", "potted plant"]), tall_x, FLOOR + 10 - 87 * 1.12, scale=0.95, shadow=False)
    scale = ink.span(1.12, 1.22)
    desk_y = FLOOR + 44
    stage.put("desk", desk_x, desk_y, scale=scale, flip=side)
    top = desk_y - 77 * scale
    stage.put(ink.pick(["computer", "laptop", "computer"]), desk_x + ink.span(-30, 0), top, scale=1.02, shadow=False)
    if ink.chance(0.3):
        stage.put("potted plant", desk_x + 78, top, scale=0.62, shadow=False)
    elif ink.chance(0.3):
        stage.put("printer", desk_x + 66, top, scale=0.74, shadow=False)
    stage.row(ink.pick([["office chair"], ["office chair"], ["person"]]), 372, scale=1.02, low=16, high=WIDE - 16, jitter=2)


def farm(stage: Stage) -> None:
    """Barn or windmill behind, tractor and animals in front."""
    ink = stage.ink
    backdrop.sky(stage, 190)
    backdrop.hills(stage, 184, rows=2)
    backdrop.ground(stage, 196, ink.palette.ground)
    _field(stage, 206)
    if ink.chance(0.6):
        decor.fence(stage, 226)
    decor.meadow_flowers(stage, 266)
    behind = ink.pick(
        [["barn", "tree"], ["windmill", "tree"], ["barn", "sunflower"], ["house", "tree"], ["barn", "pine"], ["windmill", "bush"]]
    )
    stage.row(behind, 246, scale=ink.span(0.96, 1.1))
    big = ink.pick(
        [
            ["tractor", "chicken"],
            ["cow", "sheep"],
            ["cow", "chicken"],
            ["tractor", "sheep"],
            ["sheep", "dog"],
            ["person", "cow"],
            ["wheelbarrow", "chicken"],
            ["crate", "sunflower"],
            ["duck", "cow"],
            ["wheelbarrow", "sheep"],
        ]
    )
    stage.row(big, 350, scale=ink.span(1.12, 1.26), jitter=8)


def _field(stage: Stage, y: float) -> None:
    c = stage.canvas
    color = rgb("d9b65f") if stage.ink.chance(0.5) else mix(stage.ink.foliage(), CREAM, 0.2)
    x = stage.ink.span(-60, 120)
    c.poly([(x, y), (x + 330, y), (x + 420, y + 52), (x - 60, y + 52)], mix(color, stage.ink.palette.ground, 0.45))
    for i in range(9):
        a, b = x + 330 * i / 9, x - 60 + 480 * i / 9
        c.poly([(a, y), (a + 12, y), (b + 20, y + 52), (b, y + 52)], mix(color, stage.ink.palette.ground, 0.3))


def park(stage: Stage) -> None:
    """Trees, playground or fountain behind, people, pets and bicycles in front."""
    ink = stage.ink
    backdrop.sky(stage, 200)
    backdrop.hills(stage, 190, rows=1)
    backdrop.treeline(stage, 208)
    backdrop.ground(stage, 208, ink.palette.ground)
    backdrop.path(stage, 214, rgb("ead9b5"))
    decor.meadow_flowers(stage, 232)
    behind = ink.some(["tree", "fountain", "slide", "swing", "pine", "street lamp", "tree"], 2)
    stage.row(behind, 258, scale=ink.span(1.0, 1.12), jitter=5)
    front = ink.pick(
        [
            ["bench", "dog"],
            ["bench", "bicycle"],
            ["bicycle", "person"],
            ["duck", "bench"],
            ["bush", "person"],
            ["beach ball", "person", "dog"],
            ["bush", "bench", "duck"],
            ["bush", "cat"],
        ]
    )
    stage.row(front, 352, scale=ink.span(1.12, 1.25), jitter=6)


def beach(stage: Stage) -> None:
    """Sea behind; huts, palms and parasols; castles, chairs and crabs in front."""
    ink = stage.ink
    backdrop.sky(stage, 150)
    if ink.chance(0.4):
        backdrop.hills(stage, 149, rows=1)
    backdrop.sea(stage, 150, 236, rgb("35a7c9"))
    if ink.chance(0.4):
        stage.row([ink.pick(["sailboat", "sailboat", "fishing boat"])], 196, scale=0.66, low=30, high=WIDE - 30)
    backdrop.sand(stage, 226)
    decor.shells(stage, 262)
    behind = ink.some(["palm tree", "parasol", "beach hut", "surfboard", "person"], 2)
    stage.row(behind, 282, scale=ink.span(1.04, 1.16), jitter=6)
    front = ink.some(["deck chair", "sandcastle", "crab", "bucket", "beach ball", "seagull", "dog"], 2)
    stage.row(front, 360, scale=ink.span(1.12, 1.25), jitter=6)


SCENES: dict[str, Callable[[Stage], None]] = {
    "beach": beach,
    "farm": farm,
    "harbour": harbour,
    "kitchen": kitchen,
    "living room": living_room,
    "office": office,
    "park": park,
    "street": street,
}
SCENE_TYPES: tuple[str, ...] = tuple(SCENES)
INDOORS = frozenset({"kitchen", "living room", "office"})
