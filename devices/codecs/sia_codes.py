"""What the two letters of SIA DC-03 and the three digits of Contact ID mean (public sources: ANSI/SIA DC-03, DC-05).

Most codes are a letter for what and a letter for how; those that are not stand in `NAMES`, by the names receivers use.
"""

from typing import Final

from devices.signals import Kind

NOUNS: Final = {
    "B": "Burglary", "F": "Fire", "G": "Gas", "H": "Holdup", "K": "Heat", "M": "Medical", "P": "Panic",
    "Q": "Emergency", "S": "Sprinkler", "T": "Tamper", "U": "Untyped Zone", "W": "Water", "Z": "Freeze",
}  # fmt: skip
ENDINGS: Final = {
    "A": "Alarm", "B": "Bypass", "H": "Alarm Restore", "J": "Trouble Restore", "R": "Restoral", "S": "Supervisory",
    "T": "Trouble", "U": "Unbypass", "X": "Test",
}  # fmt: skip
NAMES: Final = {
    "AA": "Alarm – Panel Substitution", "AB": "Abort", "AF": "Arming Event", "AN": "Analog Restoral",
    "AR": "AC Restoral", "AS": "Analog Service", "AT": "AC Trouble", "BC": "Burglary Cancel", "BD": "Swinger Trouble",
    "BE": "Swinger Trouble Restore", "BG": "Unverified Event - Burglary", "BM": "Burglary Alarm - Cross Point",
    "BV": "Burglary Verified", "BZ": "Missing Supervision", "CA": "Automatic Closing", "CB": "Arming Event",
    "CC": "Arming Event", "CD": "Closing Delinquent", "CE": "Closing Extend", "CF": "Forced Closing",
    "CG": "Close Area", "CI": "Fail to Close", "CJ": "Late Close", "CK": "Early Close", "CL": "Closing Report",
    "CM": "Missing Alarm - Recent Closing", "CO": "Command Sent", "CP": "Automatic Closing", "CQ": "Remote Closing",
    "CR": "Recent Closing", "CS": "Closing Keyswitch", "CT": "Late to Open", "CW": "Was Force Armed",
    "CX": "Custom Function Executed", "CZ": "Point Closing", "DA": "Card Assigned", "DB": "Card Deleted",
    "DC": "Access Closed", "DD": "Access Denied", "DE": "Request to Enter", "DF": "Door Forced", "DG": "Access Granted",
    "DH": "Door Left Open - Restoral", "DJ": "Door Forced - Trouble", "DK": "Access Lockout",
    "DL": "Door Left Open - Alarm", "DM": "Door Left Open - Trouble", "DO": "Access Open", "DR": "Door Restoral",
    "DS": "Door Station", "DT": "Access Trouble", "DU": "Dealer ID", "DX": "Request to Exit", "DY": "Door Locked",
    "EA": "Exit Alarm", "EE": "Exit Error", "EJ": "Expansion Tamper Restore", "EM": "Expansion Device Missing",
    "EN": "Expansion Missing Restore", "ER": "Expansion Restoral", "ES": "Expansion Device Tamper",
    "ET": "Expansion Trouble", "EX": "External Device Condition", "EZ": "Missing Alarm - Exit Error",
    "FC": "Fire Cancel", "FG": "Unverified Event – Fire", "FI": "Fire Test Begin", "FK": "Fire Test End",
    "FL": "Fire Alarm Silenced", "FM": "Fire Alarm - Cross Point", "FQ": "Fire Supervisory Trouble Restore",
    "FV": "Fire Supervision Restore", "FW": "Fire Supervisory Trouble", "FY": "Missing Fire Trouble",
    "FZ": "Missing Fire Supervision", "IA": "Equipment Failure Condition", "IR": "Equipment Fail - Restoral",
    "JA": "User code Tamper", "JC": "User code tamper canceled", "JD": "Date Changed", "JH": "Holiday Changed",
    "JK": "Latchkey Alert", "JL": "Log Threshold", "JO": "Log Overflow", "JP": "User On Premises",
    "JR": "Schedule Executed", "JS": "Schedule Changed", "JT": "Time Changed", "JV": "User code Changed",
    "JX": "User code Deleted", "JY": "User code Added", "JZ": "User Level Set", "LB": "Local Program",
    "LD": "Local Program Denied", "LE": "Listen-in Ended", "LF": "Listen-in Begin", "LR": "Phone Line Restoral",
    "LS": "Local Program Success", "LT": "Phone Line Trouble", "LU": "Local Program Fail",
    "LX": "Local Programming Ended", "MI": "Message", "NA": "No Activity", "NB": "Arming Event",
    "NC": "Network Condition", "ND": "Arming Event", "NE": "Arming Event", "NF": "Forced Perimeter Arm",
    "NL": "Perimeter Armed", "NM": "Perimeter Armed, User Defined", "NO": "Arming Event", "NP": "Arming Event",
    "NR": "Network Restoral", "NS": "Activity Resumed", "NT": "Network Failure", "OA": "Automatic Opening",
    "OB": "Arming Event", "OC": "Cancel Report", "OG": "Open Area", "OH": "Early to Open from Alarm",
    "OI": "Fail to Open", "OJ": "Late Open", "OK": "Early Open", "OL": "Late to Open from Alarm",
    "OP": "Opening Report", "OQ": "Remote Opening", "OR": "Disarm From Alarm", "OS": "Opening Keyswitch",
    "OT": "Late To Close", "OU": "Output State – Trouble", "OV": "Output State – Restore", "OZ": "Point Opening",
    "PC": "Photo on demand enabled", "PD": "Photo on demand disabled", "PE": "Photo by scenario enable",
    "PF": "Malfunction", "PG": "Photo by scenario disable", "PO": "Malfunction restore",
    "RA": "Remote Programmer Call Failed", "RB": "Remote Program Begin", "RC": "Relay Close",
    "RD": "Remote Program Denied", "RN": "Remote Reset", "RO": "Relay Open", "RP": "Automatic Test", "RR": "Power Up",
    "RS": "Remote Program Success", "RT": "Data Lost", "RU": "Remote Program Fail", "RX": "Manual Test",
    "RY": "Test Off Normal", "SC": "Change of State", "SM": "Malfunction", "TC": "All Points Tested", "TE": "Test End",
    "TP": "Walk Test Point", "TS": "Test Start", "TW": "Area Watch Start", "TX": "Test Report", "TZ": "Area Watch End",
    "UG": "Unverified Event – Untyped", "UH": "Untyped Alarm Restore", "UJ": "Untyped Trouble Restore",
    "UX": "Undefined", "UY": "Untyped Missing Trouble", "UZ": "Untyped Missing Alarm", "VI": "Printer Paper In",
    "VO": "Printer Paper Out", "VR": "Printer Restore", "VT": "Printer Trouble", "VX": "Printer Test",
    "XA": "Extra Account Report", "XC": "Malfunction restore", "XE": "Extra Point", "XF": "Extra RF Point",
    "XH": "RF Interference Restoral", "XI": "Sensor Reset", "XJ": "RF Receiver Tamper Restoral",
    "XL": "Low Received Signal Strength/Connection Lost", "XM": "Missing Alarm - Cross Point", "XQ": "RF Interference",
    "XR": "Transmitter Battery Restoral", "XS": "RF Receiver Tamper", "XT": "Transmitter Battery Trouble",
    "XW": "Forced Point", "XX": "Fail to Test", "YA": "Bell Fault", "YB": "Busy Seconds", "YC": "Communications Fail",
    "YD": "Receiver Line Card Trouble", "YE": "Receiver Line Card Restored", "YF": "Parameter Checksum Fail",
    "YG": "Parameter Changed", "YH": "Bell Restored", "YI": "Overcurrent Trouble", "YJ": "Overcurrent Restore",
    "YK": "Communications Restoral", "YM": "System Battery Missing", "YN": "Invalid Report", "YO": "Unknown Message",
    "YP": "Power Supply Trouble", "YQ": "Power Supply Restored", "YR": "System Battery Restoral",
    "YS": "Communications Trouble", "YT": "System Battery Trouble", "YU": "Diagnostic Error", "YW": "Watchdog Reset",
    "YX": "Service Required", "YY": "Status Report", "YZ": "Service Completed", "ZY": "Common Event",
    "ZZ": "Common Event",
}  # fmt: skip
KINDS: Final = {
    "MA": Kind.SOS, "PA": Kind.SOS, "QA": Kind.SOS, "HA": Kind.SOS, "FA": Kind.FIRE, "FM": Kind.FIRE, "KA": Kind.FIRE,
    "SA": Kind.FIRE, "GA": Kind.GAS, "WA": Kind.WATER_LEAK, "NA": Kind.INACTIVITY, "JK": Kind.INACTIVITY,
    "TA": Kind.TAMPER, "TT": Kind.TAMPER, "ES": Kind.TAMPER, "XS": Kind.TAMPER, "JA": Kind.TAMPER,
    "BA": Kind.OTHER_ALARM, "BM": Kind.OTHER_ALARM, "BV": Kind.OTHER_ALARM, "UA": Kind.OTHER_ALARM,
    "UX": Kind.OTHER_ALARM, "ZA": Kind.OTHER_ALARM, "EA": Kind.OTHER_ALARM, "DL": Kind.OTHER_ALARM,
    "UZ": Kind.OTHER_ALARM, "CM": Kind.OTHER_ALARM, "XM": Kind.OTHER_ALARM, "EZ": Kind.OTHER_ALARM,
    "YT": Kind.LOW_BATTERY, "XT": Kind.LOW_BATTERY, "YM": Kind.LOW_BATTERY, "RP": Kind.TEST_REPORT,
    "RX": Kind.TEST_REPORT, "RY": Kind.TEST_REPORT, "TX": Kind.TEST_REPORT, "TP": Kind.TEST_REPORT,
    **{f"{noun}X": Kind.TEST_REPORT for noun in "BFGHKMPQSWZ"}, "OP": Kind.ACTIVITY, "OG": Kind.ACTIVITY,
    "NS": Kind.ACTIVITY, "JP": Kind.ACTIVITY,
}  # fmt: skip
OF_CONTACT_ID: Final = {  # what it is called when new, and when over: the events that mean it
    ("MA", "MH"): "100", ("QA", "QH"): "101", ("NA", "NS"): "102 103 641", ("FA", "FH"): "110 111 112 115 116 117 118",
    ("WA", "WH"): "113 154", ("KA", "KH"): "114 158", ("PA", "PH"): "120 123", ("HA", "HH"): "121 122 124 125 146",
    ("BA", "BH"): "129 130 131 132 133 134 135 136 138 139 140 141 142 161",
    ("TA", "TR"): "137 144 145 147 148 383",
    ("ET", "ER"): "143 333 337 338 339 341 342 343", ("UA", "UH"): "150 152 153 155 156 157 168",
    ("GA", "GH"): "151 162", ("ZA", "ZH"): "159", ("AT", "AR"): "301", ("YT", "YR"): "302 309", ("YM", "YR"): "311",
    ("YP", "YQ"): "312 313 314", ("YW", "YZ"): "305",
    ("YX", "YZ"): "300 303 304 306 307 308 310 321 322 330 331 332 334 370 371 372 380 391 392 393",
    ("RC", "RO"): "320 323 324 325 326 327", ("VO", "VI"): "335", ("VT", "VR"): "336",
    ("YC", "YK"): "344 350 353 354 355 356 357 358 359 360 381 382", ("LT", "LR"): "351 352", ("FT", "FJ"): "373",
    ("EA", "BH"): "374", ("PT", "PJ"): "375", ("HT", "HR"): "376", ("XT", "XR"): "384 338",
    ("OP", "CL"): "400 401 405 408", ("OB", "CB"): "402", ("OA", "CA"): "403", ("OC", "OC"): "406",
    ("OQ", "CQ"): "407", ("OS", "CS"): "409", ("RB", "RB"): "411 412", ("YT", "YT"): "414", ("DD", "DD"): "421 461",
    ("DF", "DF"): "423", ("CG", "CG"): "441 442", ("OI", "OI"): "453", ("CI", "CI"): "454", ("CG", "OG"): "456",
    ("EE", "EE"): "457", ("DO", "DO"): "462", ("YY", "YY"): "463", ("BB", "BB"): "470 473", ("FB", "FB"): "471",
    ("BB", "BU"): "570 572 573 574", ("FB", "FU"): "571", ("RX", "RX"): "601", ("RP", "RP"): "602 603",
    ("FX", "FK"): "604", ("TX", "TX"): "605 606 607 608 609", ("TP", "TP"): "611 612 613 614 615 616",
    ("JL", "JL"): "622 623", ("JO", "JO"): "624", ("JT", "JT"): "625", ("JD", "JD"): "626", ("LB", "LB"): "627",
    ("LX", "LX"): "628", ("JS", "JS"): "631 632", ("NA", "NA"): "654", ("RR", "RR"): "900",
}  # fmt: skip
CONTACT_ID: Final = {event: meant for meant, events in OF_CONTACT_ID.items() for event in events.split()}
UNTYPED: Final = ("UA", "UH")
SMOKE_EVENT: Final = "111"


def name_of(code: str) -> str | None:
    """«Panic Alarm» for PA; None for two letters that mean nothing."""
    if code in NAMES:
        return NAMES[code]
    noun, ending = NOUNS.get(code[0]), ENDINGS.get(code[1])
    return f"{noun} {ending}" if noun and ending else None


def of_contact_id(event: str, *, new: bool) -> tuple[str, Kind] | None:
    """The two letters and the kind; an alarm (1xx) that no list knows is an alarm all the same."""
    pair = CONTACT_ID.get(event) or (UNTYPED if event.startswith("1") else None)
    if pair is None:
        return None
    code = pair[0 if new else 1]
    return code, Kind.SMOKE if new and event == SMOKE_EVENT else KINDS.get(code, Kind.STATUS)
