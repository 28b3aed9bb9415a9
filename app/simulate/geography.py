"""A district on the coast: towns, 29 communities, 75 villages with 12-digit codes, streets, a door for each home."""

import math
import random
from dataclasses import dataclass, field
from typing import Final

from app.places.rules import Level, Place

DISTRICT_NAME: Final = "河口区"
METRES_PER_DEGREE: Final = 111_320.0


@dataclass(frozen=True)
class Town:
    """A street or town: where it lies and how many communities and villages it has."""

    name: str
    lat: float
    lon: float
    communities: int
    villages: int
    urban: bool
    block_m: int = 260


TOWNS: Final = (
    Town("河口街道", 37.8860, 118.5250, 9, 10, True),
    Town("六合街道", 37.8905, 118.5560, 8, 9, True),
    Town("义和镇", 37.8560, 118.4010, 2, 12, False),
    Town("仙河镇", 37.9520, 118.8330, 4, 4, True, 300),
    Town("孤岛镇", 37.8710, 118.7420, 4, 5, True, 300),
    Town("新户镇", 37.9630, 118.2840, 1, 18, False),
    Town("太平镇", 37.8310, 118.2450, 1, 10, False),
    Town("四扣镇", 37.9350, 118.4130, 0, 7, False),
)
COMMUNITY_NAMES: Final = (
    "河运 河宁 河盛 河安 康盛 新兴 海宁 福安 黄河 油城 六合 明珠 渤海 仙河 振兴 新苑 永兴 孤岛 东港 锦河 "
    "滨河 长青 荣华 文昌 和平 建设 光明 友谊 胜利"
).split()
VILLAGE_FIRST: Final = "东 西 南 北 前 后 大 小 老 新".split()
VILLAGE_SECOND: Final = "韩 崔 毕 牟 坨 营 沟 滩 堤 郭 庙 扣 窝 苇 场 赵 薄 杨 鱼 盐".split()
ESTATES: Final = "小区 家园 花园 新村 苑 公寓".split()
STREETS_EW: Final = "河庆路 海宁路 河王路 中心路 钻采街 黄河路 湖滨路 顺河路".split()
STREETS_NS: Final = "通河一街 海盛街 育才街 振河街 新河街 红旗街 胜采街 康宁街".split()


@dataclass
class Estate:
    """An estate (小区) with buildings, or a village with house numbers."""

    name: str
    division_code: str
    centre: Place
    urban: bool
    used: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Area:
    """A division of the tree."""

    code: str
    parent: str | None
    level: Level
    name: str
    centre: Place


@dataclass(frozen=True)
class Line:
    """A street, river or border for the map, points as (lon, lat)."""

    kind: str
    name: str | None
    points: list[tuple[float, float]]


@dataclass(frozen=True)
class Door:
    """One dwelling."""

    division_code: str
    estate: str
    address: str
    place: Place
    floor: int
    lift: bool


class Geography:
    """The district's land, made once from the seed."""

    def __init__(self, rng: random.Random, district_id: int) -> None:
        self._rng = rng
        root = f"{district_id}000000"
        self.areas: list[Area] = [Area(root, None, Level.DISTRICT, DISTRICT_NAME, Place(37.89, 118.52))]
        self.lines: list[Line] = []
        self.estates: dict[str, list[Estate]] = {}
        names = iter(COMMUNITY_NAMES)
        villages = iter(rng.sample([a + b for a in VILLAGE_FIRST for b in VILLAGE_SECOND], 75))
        for number, town in enumerate(TOWNS, 1):
            code = f"{district_id}{number:03d}000"
            self.areas.append(Area(code, root, Level.STREET, town.name, Place(town.lat, town.lon)))
            cells = self._streets(town)
            for index in range(town.communities):
                self._community(code, index + 1, next(names), town, cells.pop())
            for index in range(town.villages):
                self._village(code, 200 + index, next(villages), town, index)
        self._roads_and_water()

    def codes(self, *, urban: bool) -> list[str]:
        """Division codes of communities or of villages."""
        level = Level.COMMUNITY if urban else Level.VILLAGE
        return [area.code for area in self.areas if area.level is level]

    def name_of(self, code: str) -> str:
        """The name of a division."""
        return next(area.name for area in self.areas if area.code == code)

    def door(self, code: str) -> Door:
        """A dwelling nobody was given before."""
        estate = self._rng.choice(self.estates[code])
        while True:
            door = self._flat(estate) if estate.urban else self._house(estate)
            if door.address not in estate.used:
                estate.used.add(door.address)
                return door

    def _flat(self, estate: Estate) -> Door:
        rng = self._rng
        building, unit = rng.randint(1, 18), rng.randint(1, 3)
        lift = building > 14
        floor = rng.randint(1, 11 if lift else 5)
        row, column = divmod(building - 1, 6)
        place = _moved(estate.centre, (column - 2.5) * 34 + rng.uniform(-4, 4), (1 - row) * 42 + rng.uniform(-4, 4))
        return Door(
            estate.division_code, estate.name, f"{building}号楼{unit}单元{floor}0{rng.randint(1, 2)}",
            Place(place.lat, place.lon, rng.choice((10, 15, 25)), "survey"), floor, lift,
        )  # fmt: skip

    def _house(self, estate: Estate) -> Door:
        rng = self._rng
        number = rng.randint(1, 240)
        place = _moved(estate.centre, (number % 16 - 8) * 24 + rng.uniform(-6, 6), (number // 16 - 7) * 30)
        return Door(
            estate.division_code, estate.name, f"{number}号",
            Place(place.lat, place.lon, rng.choice((20, 40, 80)), "village list"), 1, False,
        )  # fmt: skip

    def _streets(self, town: Town) -> list[Place]:
        """Draw the town's grid; the answer is the middle of each block, farthest first."""
        rows, columns, block = (7, 8, town.block_m) if town.urban else (4, 4, 220)
        corner = _moved(Place(town.lat, town.lon), -(columns - 1) / 2 * block, -(rows - 1) / 2 * block)
        bend = [self._rng.uniform(-30, 30) for _ in range(max(rows, columns))]

        def at(column: float, row: float) -> Place:
            return _moved(corner, column * block + bend[int(row)] * 0.6, row * block + bend[int(column)])

        for row in range(rows):
            name = STREETS_EW[row % len(STREETS_EW)]
            self.lines.append(Line("street" if row % 2 else "lane", name, [_pair(at(c, row)) for c in range(columns)]))
        for column in range(columns):
            name = STREETS_NS[column % len(STREETS_NS)]
            self.lines.append(
                Line("street" if column % 2 else "lane", name, [_pair(at(column, r)) for r in range(rows)])
            )
        blocks = [at(column + 0.5, row + 0.5) for row in range(rows - 1) for column in range(columns - 1)]
        middle = Place(town.lat, town.lon)
        blocks.sort(key=lambda place: -math.hypot(place.lat - middle.lat, (place.lon - middle.lon) * 0.79))
        return blocks

    def _community(self, parent: str, index: int, name: str, town: Town, block: Place) -> None:
        code = parent[:9] + f"{index:03d}"
        self.areas.append(Area(code, parent, Level.COMMUNITY, f"{name}社区", block))
        kinds = self._rng.sample(ESTATES, 2)
        self.estates[code] = [
            Estate(name + kind, code, _moved(block, offset * 60, -offset * 40), urban=True)
            for kind, offset in zip(kinds, (-1, 1), strict=True)
        ]

    def _village(self, parent: str, index: int, name: str, town: Town, nth: int) -> None:
        code = parent[:9] + f"{index:03d}"
        angle = nth * 2.399963 + self._rng.uniform(-0.2, 0.2)  # golden angle: spread evenly round the town
        centre = _moved(
            Place(town.lat, town.lon),
            math.cos(angle) * (1500 + 620 * math.sqrt(nth)),
            math.sin(angle) * (1300 + 560 * math.sqrt(nth)),
        )
        self.areas.append(Area(code, parent, Level.VILLAGE, f"{name}村", centre))
        self.estates[code] = [Estate(f"{name}村", code, centre, urban=False)]
        self.lines.append(Line("road", None, [(town.lon, town.lat), _pair(centre)]))
        for offset in (-90, 0, 90):
            lane = [_pair(_moved(centre, -180, offset)), _pair(_moved(centre, 180, offset))]
            self.lines.append(Line("lane", None, lane))

    def _roads_and_water(self) -> None:
        order = (6, 5, 7, 2, 0, 1, 4, 3)  # west to east
        self.lines.append(Line("road", "河滨公路", [(TOWNS[i].lon, TOWNS[i].lat) for i in order]))
        river = [(118.20 + step * 0.035, 37.80 + 0.02 * math.sin(step * 0.7) + step * 0.002) for step in range(20)]
        self.lines.append(Line("river", "黄河故道", river))
        coast = [(118.18 + step * 0.04, 38.04 + 0.015 * math.sin(step * 1.1)) for step in range(18)]
        self.lines.append(Line("coast", "渤海", coast))


def _moved(place: Place, east_m: float, north_m: float) -> Place:
    lat = place.lat + north_m / METRES_PER_DEGREE
    return Place(lat, place.lon + east_m / (METRES_PER_DEGREE * math.cos(math.radians(place.lat))))


def _pair(place: Place) -> tuple[float, float]:
    return round(place.lon, 6), round(place.lat, 6)
