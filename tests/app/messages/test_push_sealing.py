"""Sealing beside the example of RFC 8291, section 5, and against whoever is not the phone."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.messages.push_sealing import CURVE, seal, unseal


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(_bytes(text), "big"), CURVE)


WORDS = b"When I grow up, I want to be a watermelon"
SENDER = _private("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
PHONE = _private("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
POINT = _bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
AUTH = _bytes("BTBZMqHH6r4Tts7J_aSIgg")
BODY = _bytes(
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_standard() -> None:
    assert seal(WORDS, POINT, AUTH, ours=SENDER, salt=_bytes("DGv6ra1nlYgDCS1FRnbzlw")) == BODY
    assert unseal(BODY, PHONE, AUTH) == WORDS


def test_two_messages_never_look_alike_and_only_that_phone_reads_them() -> None:
    one, other = seal(WORDS, POINT, AUTH), seal(WORDS, POINT, AUTH)
    assert one != other and unseal(one, PHONE, AUTH) == unseal(other, PHONE, AUTH) == WORDS
    for key, auth in ((SENDER, AUTH), (PHONE, bytes(16))):
        with pytest.raises(ValueError, match="not sealed for this phone"):
            unseal(one, key, auth)
    for broken in (b"", one[:30], one[:-1] + bytes([one[-1] ^ 1])):
        with pytest.raises(ValueError, match=r"short|point|key|phone"):
            unseal(broken, PHONE, AUTH)
    with pytest.raises(ValueError, match=r"point|key"):
        seal(WORDS, b"\x04" + bytes(64), AUTH)
