"""Sample texts of the gallery, in English and Hindi."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """The sample texts of one language."""

    menus: tuple[str, ...]
    start: str
    broker: str
    ranges: tuple[str, ...]
    tools: tuple[str, str, str, str]
    tabs: tuple[str, ...]
    alert: str
    since: str
    ack: tuple[str, str]
    title: str
    lead: str
    card: str
    hint: str
    body: str
    go: str
    channel: str
    health: str
    band: str
    status: str
    devices: str


WORDS = {
    "en": Words(
        menus=("&File", "&View", "&Monitor", "&Analysis", "&Tools", "&Help"),
        start="Start publisher",
        broker="Krishi farm broker",
        ranges=("15 min", "1 h", "24 h", "7 d", "30 d", "All", "Custom…"),
        tools=("Freeze", "No alerts", "Export…", "Settings"),
        tabs=("Live", "History", "Alerts  3", "Messages"),
        alert="Canal side: moisture 16.4 %, below the 25 % limit.",
        since="Started 12:14 · not acknowledged",
        ack=("Acknowledge", "Mute 1 h"),
        title="See soil data live in a few seconds",
        lead="Nothing is connected yet. Pick one; you can change it at any time in Settings.",
        card="Try it now with simulated sensors",
        hint="Recommended for a first look",
        body="Starts a private broker on this computer and a simulator that publishes three "
        "plots every 2 seconds. Nothing leaves this computer.",
        go="Start with simulated sensors",
        channel="Nitrogen",
        health="Soil health · North plot",
        band="Excellent",
        status="Live over MQTT · last reading 3 s ago",
        devices="Devices",
    ),
    "hi": Words(
        menus=("फ़ाइल (&F)", "दृश्य (&V)", "निगरानी (&M)", "विश्लेषण (&A)", "सहायता (&H)"),
        start="प्रकाशक चालू करें",
        broker="कृषि फ़ार्म ब्रोकर",
        ranges=("15 मिनट", "1 घंटा", "24 घंटे", "7 दिन", "30 दिन", "सभी", "अपनी अवधि…"),
        tools=("रोकें", "कोई चेतावनी नहीं", "निर्यात…", "सेटिंग"),
        tabs=("लाइव", "इतिहास", "चेतावनियाँ  3", "संदेश"),
        alert="नहर किनारा: नमी 16.4 %, 25 % की सीमा से नीचे।",
        since="12:14 से · स्वीकार नहीं की गई",
        ack=("स्वीकार करें", "1 घंटा मौन"),
        title="कुछ ही सेकंड में मिट्टी का डेटा देखें",
        lead="अभी कुछ भी जुड़ा नहीं है। एक चुनें; सेटिंग में कभी भी बदल सकते हैं।",
        card="सिम्युलेटेड सेंसर के साथ आज़माएँ",
        hint="पहली बार के लिए सुझाया गया",
        body="इस कंप्यूटर पर एक निजी ब्रोकर और एक सिम्युलेटर शुरू होता है।",
        go="सिम्युलेटेड सेंसर से शुरू करें",
        channel="नाइट्रोजन",
        health="मिट्टी का स्वास्थ्य · उत्तरी खेत",
        band="उत्कृष्ट",
        status="MQTT से लाइव · पिछली रीडिंग 3 सेकंड पहले",
        devices="उपकरण",
    ),
}
