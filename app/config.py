"""Settings: what differs between two installations, read from the environment at the edges only."""

from datetime import time
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, PostgresDsn, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from devices.broker import BRIDGES


def built_pages() -> Path:
    """Inside the package when it was installed from a wheel, else where the checkout builds them."""
    inside = Path(__file__).parent / "built"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "web" / "dist"


def printing_font() -> Path:
    """The font of printed sheets: beside the built pages, else where npm has put it in a checkout."""
    packed = Path(__file__).parent.parent / "web" / "node_modules" / "@expo-google-fonts" / "noto-sans-sc"
    built = settings().web_dist / "fonts" / "NotoSansSC-Regular.ttf"
    return built if built.is_file() else packed / "400Regular" / "NotoSansSC_400Regular.ttf"


class Settings(BaseSettings):
    """Every value can be set as YINLING_<NAME> in the environment or in `.env`; secrets come from nowhere else."""

    model_config = SettingsConfigDict(env_prefix="YINLING_", env_file=".env", frozen=True, extra="ignore")

    # where the parts are
    database_url: PostgresDsn = PostgresDsn("postgresql+psycopg://yinling_app@127.0.0.1:5432/yinling")
    database_owner_url: PostgresDsn | None = Field(None, description="owner of the schema; only for migrating")
    database_pool: int = Field(40, ge=1, description="connections a process may hold; web serves 40 threads")
    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    mqtt_url: SecretStr = SecretStr("mqtt://127.0.0.1:1883")
    accounts_url: SecretStr = Field(
        SecretStr(""),
        description="who keeps the broker's accounts of devices: mqtt://admin:…@host (dynamic security), "
        "emqx+http://key:secret@host:18083 or file:///etc/mosquitto/passwords?pid=…; empty: nobody is told",
    )
    mqtt_bridges: str = Field(",".join(BRIDGES), description="topics of bridges, by comma")
    var_dir: Path = Path("var")
    web_dist: Path = Field(default_factory=built_pages, description="the built pages")

    # the gateway: watches, trackers, alarm diallers
    gateway_listeners: str = Field(
        "", description="protocols and their ports, by comma: 3g:5093,iwap:5088,gt06:5023,h02:5013,jt808:5015,dc09:5112"
    )
    gateway_host: str = "0.0.0.0"
    gateway_connections: int = Field(10_000, ge=1, description="of one gateway process")
    gateway_of_an_address: int = Field(8_000, ge=1, description="a carrier's network hides many devices behind one")
    gateway_idle_minutes: int = Field(20, ge=1, description="a connection silent for so long is closed")

    # the web process
    web_host: str = "127.0.0.1"
    web_port: int = 8080
    public_url: str = Field("http://127.0.0.1:8080", description="as browsers see it; https makes cookies Secure")
    session_hours: int = Field(12, ge=1, description="hours a login lasts")
    session_idle_minutes: int = Field(240, ge=5, description="minutes without a request after which a login ends")
    hooks_token: SecretStr = Field(SecretStr(""), description="bearer token of the webhooks; empty: closed")

    messages_url: SecretStr = Field(
        SecretStr(""),
        description="Apprise address of what carries outward messages, with {to}, {channel}, {id} and {urgent} in it",
    )

    # Web Push to the phones of caregivers and responders (RFC 8030, 8291, 8292)
    push_key: SecretStr = Field(
        SecretStr(""), description="VAPID private key, see `yinling push-key`; else var/push_key; none: SMS"
    )
    push_contact: str = Field("mailto:yinling@example.org", description="whom a push service may write to")
    push_hosts: str = Field(
        "fcm.googleapis.com,updates.push.services.mozilla.com,web.push.apple.com,*.notify.windows.com",
        description="push services the platform talks to, by comma; a phone cannot name another",
    )
    push_sms_after: int = Field(15, ge=5, description="seconds after which an unanswered ring is told by SMS, too")

    # a caregiver alone in a home
    lone_grace_minutes: int = Field(15, ge=1, description="past the planned end of a visit she is asked on her phone")
    lone_answer_seconds: int = Field(180, ge=30, description="without an answer it rings at the desk")

    # secrets
    keys: SecretStr = Field(SecretStr(""), description="keyring `id:base64,…`, newest first; else var/keys.json")

    # the district
    timezone: str = "Asia/Shanghai"
    hotline: str = "12349"
    area_code: str = Field("", pattern=r"^(0\d{2,3})?$", description="of landlines written without one: 0546")
    demo: bool = False

    # money and plans
    remind_days: str = Field(
        "10,20,25", pattern=r"^([1-9]|1\d|2[0-8])(,([1-9]|1\d|2[0-8]))*$",
        description="days of the month on which elders are reminded of an allowance that will expire, by comma",
    )  # fmt: skip
    remind_percent: int = Field(25, ge=1, le=100, description="remind where at least so much of it is free")
    care_plan_weeks: int = Field(3, ge=1, le=8, description="weeks ahead for which care plans make their orders")
    standing_meal_days: int = Field(2, ge=1, le=7, description="days before its cut-off a standing meal is ordered")
    capture_grace_days: int = Field(10, ge=0, description="days after month end to capture what is reserved")
    freeze_minutes: int = Field(60, ge=0, description="a published visit this near its start is not moved by a draft")
    replan_freeze_minutes: int = Field(
        10, ge=0, description="who must set out within so many minutes is left alone by a re-plan"
    )
    replan_minutes: int = Field(15, ge=1, description="minutes a proposed re-plan may be accepted")
    door_minutes: int = Field(4, ge=0, description="park, stairs, door: added to every journey")
    geofence_m: int = Field(300, ge=10, description="how far a fix may lie from the home beyond the accuracies")

    # vitals
    readings_days: int = Field(62, ge=31, description="days a single reading is kept; the sums of a day stay")

    # photos of visits
    photo_days: int = Field(180, ge=62, description="days a photo is kept; longer while an appeal about it is open")

    # alarms, seconds; docs: alarms.md section 6
    alarm_claim_idle_seconds: int = Field(30, ge=5, description="a claim without a call rings again")
    alarm_rings_all_after: int = Field(20, ge=1)
    alarm_rings_lead_after: int = Field(45, ge=1)
    alarm_calls_family_after: int = Field(90, ge=5)
    alarm_call_back_minutes: int = Field(30, ge=1, description="a call-back is owed after this, if nobody says when")
    ambulance_phone: str = Field("", description="where the 120 centre takes the card as a message; empty: nowhere")
    alarm_answer_seconds: int = Field(
        60, ge=10, description="somebody who was sent and does not accept: the next one is sent"
    )
    alarm_offer_seconds: int = Field(30, ge=5, description="a hand-over nobody takes stays with whoever offered it")
    alarm_silent_after: int = Field(180, ge=30, description="what an operator's silent screen holds rings again")
    alarm_unmanned_after: int = Field(60, ge=5, description="a desk without operators calls its leads")
    alarm_silence_after: int = Field(20, ge=5, description="she was called and does not speak: help goes out beside")
    alarm_promise_grace_minutes: int = Field(5, ge=0, description="past the promised time; then it rings again")
    alarm_climbs_again_after: int = Field(300, ge=60, description="seconds after a tree in vain, before it begins anew")
    alarm_reopen_minutes: int = Field(30, ge=1, description="a press this soon after closing reopens the case")

    # the technical list: hours from when something is found to when somebody should have seen to it
    upkeep_silent_hours: int = Field(24, ge=1)
    upkeep_offline_hours: int = Field(24, ge=1)
    upkeep_tamper_hours: int = Field(24, ge=1)
    upkeep_not_worn_hours: int = Field(24, ge=1)
    upkeep_low_battery_hours: int = Field(168, ge=1)
    upkeep_untested_hours: int = Field(168, ge=1)
    upkeep_false_alarms_hours: int = Field(72, ge=1, description="a device that called for nothing is exchanged")
    upkeep_outage_hours: int = Field(2, ge=1, description="many devices lost at once")

    # telephone and messages
    quiet_from: time = Field(time(21, 30), description="no message but an alarm's goes out from then, local time,")
    quiet_until: time = Field(time(7, 30), description="until then")
    call_back_minutes: int = Field(5, ge=1, description="a missed call should be returned by then")

    # installations and test calls
    activation_test_minutes: int = Field(5, ge=1, le=30, description="how long an installer's test mode lasts")
    activation_answer_minutes: int = Field(10, ge=1, description="a test nobody at the desk has confirmed has failed")
    activation_tries: int = Field(10, ge=1, description="how often one device of an order may be tried")
    test_after_days: int = Field(28, ge=1, description="days after which an elder is asked to press again")
    test_overdue_days: int = Field(35, ge=1, description="days after which a device counts as untested")
    test_window_days: int = Field(3, ge=1, description="days an announced test call waits for its press")
    test_reminders_a_day: int = Field(200, ge=1, description="test calls announced in a district on one day")

    @property
    def remind_on(self) -> list[int]:
        """The days of `remind_days`."""
        return [int(day) for day in self.remind_days.split(",")]

    @property
    def zone(self) -> ZoneInfo:
        """The district's local zone."""
        return ZoneInfo(self.timezone)


@cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
