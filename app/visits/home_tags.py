"""The sheet that hangs in a home: a QR code that opens the caregiver's phone with the home's signed tag."""

from datetime import datetime
from urllib.parse import quote

import segno
from sqlalchemy.orm import Session

from app.config import printing_font, settings
from app.errors import Unavailable
from app.paper import NoFont, Paper
from app.visits import proof, proof_queries


def url_of(public_url: str, token: str) -> str:
    """What the QR code and an NFC tag say; the phone's camera opens it, and the page works it out without a network."""
    return f"{public_url.rstrip('/')}/phone/?tag={quote(token, safe='')}"


def sheet(session: Session, home_id: int, *, by: str, now: datetime) -> bytes:
    """One A4 page; a fifth of the code may be dirty or torn (level Q). Raises Unavailable without the font."""
    tag = proof.tag_for(session, home_id, by=by, now=now)
    url = url_of(settings().public_url, proof_queries.tag_token(tag.district_id, home_id, tag.issue))
    number = f"{home_id}-{tag.issue}"
    try:
        paper = Paper("上门服务签到码", font=printing_font(), at=tag.made_at, foot=f"签到码 {number} · Home tag")
    except NoFont as missing:
        raise Unavailable(str(missing)) from None
    paper.say("上门服务签到码", 26, gap=2)
    paper.say("护理员到达和离开时扫一扫。请贴在屋内门边，不要拍照外传。", 13, gap=6)
    paper.code([bytes(row) for row in segno.make_qr(url, error="q", boost_error=False).matrix_iter(border=4)], 110)
    digits = proof_queries.typed_code(tag.district_id, home_id, tag.issue)
    paper.say(f"数字码 {digits[:4]} {digits[4:]}", 20, gap=1)
    paper.say("扫不出来、码破了：在手机上点“到场证明”，输入数字码。", 12, gap=2)
    paper.say(f"编号 {number}", 12, grey=True, gap=2)
    paper.say("没有网络也可以扫：手机先存下来，有网络时自动发出。", 12, gap=1)
    paper.say("遗失或被拍走：请打服务热线，换一张新的，旧的立即作废。", 12)
    return paper.whole()
