"""The people and conversations of the demo data, and what they are about."""

from dataclasses import dataclass
from typing import Any, Literal

from models import Priority, Role

# Who speaks, and what; a note is for the staff alone.
Turn = tuple[Literal["customer", "csr", "note"], str]
# How it goes on after the last turn, if there has been time for it. "reopened": resolved, but the
# customer comes back; "open": nobody has answered.
Ending = Literal["open", "waiting", "resolved", "closed", "reopened"]

PEOPLE = (
    (Role.ADMIN, "ada@example.com", "Ada Lindqvist"),
    (Role.CSR, "carla@example.com", "Carla Reyes"),
    (Role.CSR, "chen@example.com", "Chen Wei"),
    (Role.CSR, "cyrus@example.com", "Cyrus Novak"),
    (Role.USER, "alice@example.com", "Alice Martin"),
    (Role.USER, "bilal@example.com", "Bilal Ahmed"),
    (Role.USER, "dora@example.com", "Dóra Kovács"),
    (Role.USER, "emeka@example.com", "Emeka Obi"),
    (Role.USER, "hana@example.com", "Hana Suzuki"),
    (Role.USER, "jonas@example.com", "Jonas Weber"),
)

# By the category of their tickets: a name, and who is in it.
TEAMS = {
    "billing": ("Billing", ("carla@example.com", "chen@example.com")),
    "shipping": ("Shipping", ("chen@example.com", "cyrus@example.com")),
}


# What the staff say and do again and again; the last of them by how long nobody has come back.
FAREWELL = "Close for now"
MACROS: tuple[dict[str, Any], ...] = (
    {
        "name": "Ask for the order number",
        "message": {"content": "Hello {{customer.first_name|there}}, which order is it about? "
                    "Its number begins with A."},
    },
    {
        "name": "Escalate",
        "message": {"content": "Please look at #{{ticket.number}} soon.", "internal": True},
        "set": {"priority": "urgent", "tags_add": ["escalated"]},
    },
    {"name": "Back to the queue", "set": {"status": "open", "assignee": None}},
    {
        "name": FAREWELL,
        "message": {"content": "I am closing this for now. Please write to us again at any time."},
        "set": {"status": "closed"},
    },
)  # fmt: skip

# The custom fields of the desk, one for each thing that customers may do with one.
ORDER, PLAN, CAUSE = "order_number", "plan", "root_cause"
FIELDS: tuple[dict[str, Any], ...] = (
    {"key": ORDER, "label": "Order number", "kind": "text", "customers": "write"},
    {
        "key": PLAN,
        "label": "Plan",
        "kind": "choice",
        "choices": [{"id": "free", "label": "Free"}, {"id": "team", "label": "Team"},
                    {"id": "business", "label": "Business"}],
        "customers": "read",
    },
    {"key": CAUSE, "label": "Cause", "kind": "choices", "choices": ["we", "the carrier", "they"]},
)  # fmt: skip
# How many of a hundred have which plan.
PLANS = {"free": 50, "team": 45, "business": 5}

# What a ticket is about, beside its story: words from very common to very rare.
MAKES = (
    "Alder", "Amber", "Aspen", "Basalt", "Birch", "Cedar", "Cobalt", "Coral", "Delta", "Ember",
    "Fjord", "Garnet", "Harbor", "Indigo", "Juniper", "Kestrel", "Lagoon", "Linden", "Maple",
    "Mistral", "Nimbus", "Onyx", "Opal", "Orchid", "Pebble", "Quartz", "Raven", "Saffron",
    "Sierra", "Tundra", "Umber", "Vesper", "Willow", "Zephyr",
)  # fmt: skip
THINGS = (
    "adapter", "blender", "camera", "charger", "dock", "fan", "grill", "heater", "iron", "jacket",
    "kettle", "lamp", "mixer", "mouse", "oven", "phone", "printer", "radio", "router", "scale",
    "scanner", "speaker", "tablet", "toaster", "tracker", "tripod", "vacuum", "watch",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Story:
    """A ticket's course. ``{n}`` in its texts is a number that differs from ticket to ticket."""

    category: str
    type: str
    title: str
    description: str
    priority: Priority | None
    tags: tuple[str, ...]
    turns: tuple[Turn, ...]
    ending: Ending
    # A text that goes with the first turn, by its name.
    file: tuple[str, str] | None = None


STORIES = (
    Story(
        "billing",
        "question",
        "Charged twice on invoice {n}",
        "My card statement shows two payments for invoice {n}, a minute apart. I ordered once.",
        Priority.HIGH,
        ("refund", "payments"),
        (
            ("csr", "Thank you for telling us. I see both payments and am asking the bank."),
            ("note", "The gateway timed out and retried without a key. Same as last week."),
            ("customer", "Thanks. Do I have to do anything?"),
            ("csr", "No. The second payment went back today; it takes two working days."),
            ("customer", "It has arrived. Thank you!"),
        ),
        "closed",
    ),
    Story(
        "account",
        "problem",
        "The password link has expired",
        "I asked for a new password and the link says that it has expired. It was 5 minutes old.",
        Priority.MEDIUM,
        ("sign-in",),
        (
            ("csr", "Did you open the newest mail? Each request makes the older links useless."),
            ("customer", "I asked three times, so probably not. The newest one works!"),
        ),
        "resolved",
    ),
    Story(
        "shipping",
        "question",
        "Where is order {n}?",
        "The tracking page has said 'handed over' for four days. It is a birthday present.",
        Priority.HIGH,
        ("carrier",),
        (
            ("csr", "I am sorry. I have opened an inquiry with the carrier."),
            ("note", "Depot confirms: label torn off. Sending a second parcel is faster."),
            ("csr", "They found the parcel without its label. A new one leaves today by express."),
        ),
        "waiting",
    ),
    Story(
        "technical",
        "bug",
        "Export stops at row {n}",
        "The CSV export of the report ends in the middle of row {n}, without an error.",
        Priority.URGENT,
        ("export", "regression"),
        (
            ("csr", "I can reproduce it. Does your report have a comment with a line break?"),
            ("customer", "Yes, in exactly that row."),
            ("note", "Quoting of line breaks. The fix is in review."),
            ("csr", "We have found the cause; the fix goes out tonight."),
            ("csr", "The fix is live. Could you try again?"),
            ("customer", "Complete now. That was quick."),
        ),
        "closed",
    ),
    Story(
        "technical",
        "bug",
        "The app signs me out on the train",
        "Whenever the connection changes from Wi-Fi to mobile I have to log in again.",
        None,
        (),
        (),
        "open",
    ),
    Story(
        "account",
        "request",
        "Please delete my old account",
        "I have two accounts since the wedding. Please delete the one with the old name.",
        Priority.LOW,
        ("privacy",),
        (
            ("csr", "Gladly. Please confirm from the old address, too, that it is yours."),
            ("customer", "Done, two minutes ago."),
            ("note", "Confirmation is here. Orders must stay for the tax office: anonymize."),
        ),
        "waiting",
    ),
    Story(
        "billing",
        "request",
        "Invoice {n} with our VAT number",
        "Our accountant needs invoice {n} again, with the VAT number of the company on it.",
        Priority.LOW,
        ("invoice",),
        (
            ("csr", "Here it is; I have stored the number for your next invoices as well."),
            ("customer", "Perfect, thank you."),
        ),
        "resolved",
        ("invoice-{n}.txt", "Invoice {n}\n\nVAT number: ATU12345678\nTotal: 48.00 EUR, paid\n"),
    ),
    Story(
        "shipping",
        "problem",
        "Order {n} arrived damaged",
        "The box was open and the lid of the kettle is broken. I have taken pictures.",
        Priority.MEDIUM,
        ("damage", "refund"),
        (
            ("csr", "I am sorry to hear that. Would you like a new one, or your money back?"),
            ("customer", "A new one, please."),
            ("csr", "It is on its way. Keep the broken one, or recycle it."),
        ),
        "reopened",
    ),
    Story(
        "technical",
        "question",
        "How many requests may we send?",
        "We are moving our stock synchronisation to your API. What are the limits per minute?",
        Priority.LOW,
        ("api",),
        (
            ("csr", "600 a minute for each key; the header of every answer says what is left."),
            ("customer", "Good. Is there a limit for several keys together?"),
            ("note", "Asked the platform team: not documented, 3000."),
            ("csr", "3,000 a minute for all keys of a customer."),
        ),
        "resolved",
    ),
    Story(
        "billing",
        "question",
        "Price of the plan after the first year",
        "The page says that the price is for the first year. What comes then?",
        None,
        (),
        (),
        "open",
    ),
    Story(
        "account",
        "problem",
        "No codes from my new phone",
        "I have a new phone, and the sign-in asks for codes of the old one, which is sold.",
        Priority.HIGH,
        ("sign-in", "security"),
        (
            ("csr", "We can reset it once we know that it is you. When did you order last?"),
            ("customer", "Last Tuesday, number {n}."),
            ("note", "Order matches, so does the address of the request."),
            ("csr", "Reset. Please set up the codes at your next sign-in."),
            ("customer", "I am in again. Thanks!"),
        ),
        "closed",
    ),
    Story(
        "technical",
        "request",
        "Dark colours for the night shift",
        "Our warehouse works at night, and the white pages blind us. Is there a dark theme?",
        Priority.LOW,
        ("feature",),
        (("csr", "Not yet. I have added your voice to the wish, which is number {n}."),),
        "waiting",
    ),
)
