"""Believable Chinese names of two generations, no two alike; made-up numbers that pass their checks."""

import random
from collections.abc import Iterator
from datetime import date
from itertools import product

from app.people.rules import Sex, id_check_digit

SURNAMES = (
    "王李张刘陈杨赵孙周徐马高林郭宋郑董韩于崔吕隋纪牟曲毕栾綦盖"
    "卢蒋蔡贾丁薛闫付吴邢石田侯孟范秦尹谭邹熊陆郝孔白毛康贺邱江史顾邵万钱汤尚武乔黎易段雷"
)
ELDER_WOMEN = ("桂芬 秀英 淑兰 玉兰 桂英 秀兰 淑珍 凤英 玉珍 桂兰 秀珍 淑芳 玉英 凤琴 爱莲 桂香 秀芝 淑贞 月英 "
               "素珍 兰英 春兰 玉莲 翠英 金凤 秀梅 惠兰 荣芳 玉芝 桂荣 淑云 凤兰 巧云 彩云 瑞芬 俊英 永芳 德英 "
               "素琴 玉凤 香兰 雪梅 菊英 美英 清兰 文秀 世英 守兰 传英 云芳").split()  # fmt: skip
ELDER_MEN = ("福来 德顺 长河 建国 玉田 立柱 德海 振海 福祥 守义 德胜 长贵 玉堂 福海 宝山 万成 德林 永福 守信 "
             "殿臣 立本 传家 元亨 树森 树林 洪生 洪福 学忠 学义 春生 秋生 庆和 庆丰 金山 银海 兆祥 兆瑞 延年 "
             "世昌 世荣 文斌 文山 广田 广发 光明 光荣 占魁 占山 孝先 俊臣").split()  # fmt: skip
YOUNG_WOMEN = ("洁 丽 敏 娟 芳 燕 静 霞 秀云 海燕 晓红 丽华 春梅 红梅 玉霞 爱华 建华 小燕 立娟 雪芹 文静 晓梅 "
               "冬梅 彩霞 金玲 桂花 翠萍 慧 颖 娜 琳 雪 婷 红 萍 艳 玲 倩 莉 蕾").split()  # fmt: skip
YOUNG_MEN = ("强 磊 军 伟 涛 斌 建军 国栋 立新 志强 海波 明亮 永刚 晓东 文涛 振华 学军 洪涛 建伟 卫东 爱国 "
             "春雷 鹏 勇 杰 超 辉 亮 刚 峰").split()  # fmt: skip


def _stream(rng: random.Random, given: list[str]) -> Iterator[str]:
    """All surname-given pairs in random order, frequent surnames first more often."""
    pairs = list(product(range(len(SURNAMES)), given))
    pairs.sort(key=lambda pair: rng.random() ** (1 + pair[0] / 12), reverse=True)
    return (SURNAMES[i] + name for i, name in pairs)


class Names:
    """Hands out names and numbers, none twice. Raises StopIteration when the district is larger than the lists."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._elders = {Sex.FEMALE: self._endless(ELDER_WOMEN), Sex.MALE: self._endless(ELDER_MEN)}
        self._adults = {Sex.FEMALE: self._endless(YOUNG_WOMEN), Sex.MALE: self._endless(YOUNG_MEN)}
        self._serial = rng.randrange(1000)
        self._phones = 0

    def elder(self, sex: Sex) -> str:
        """A name somebody born before 1966 bears."""
        return next(self._elders[sex])

    def adult(self, sex: Sex, surname: str = "") -> str:
        """A name of a working generation; children mostly bear their father's surname."""
        name = next(self._adults[sex])
        return surname + name[1:] if surname else name

    def phone(self) -> str:
        """A made-up mobile number. Nothing is sent to it: the demo's messages end on its mailbox page."""
        self._phones += 1
        return f"1{self._rng.choice('35789')}{self._rng.choice('0123456789')}{(self._phones * 7919 + 4242) % 10**8:08d}"

    def id_number(self, district_id: int, born: date, sex: Sex) -> str:
        """An ID number with a right check character."""
        self._serial += 1
        order = self._serial * 2 % 1000 // 2 * 2 + (1 if sex is Sex.MALE else 0)
        area = district_id if self._rng.random() < 0.9 else 370500 + self._rng.choice((2, 21, 22, 23))
        first17 = f"{area:06d}{born:%Y%m%d}{order:03d}"
        return first17 + id_check_digit(first17)

    def _endless(self, given: list[str]) -> Iterator[str]:
        yield from _stream(self._rng, given)
        second = list(product(given, "华英明珍兰荣成安")) if len(given[0]) == 1 else list(product(given, "华英明"))
        yield from _stream(self._rng, [a[:1] + b for a, b in second])
