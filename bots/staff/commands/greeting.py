"""Hello and thanks."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import one_line
from bots.staff.talk import Talk


async def greet(talk: Talk, slots: Slots) -> Answer:
    """Hello, and what comes next."""
    name = one_line(talk.actor.name, 40)
    return Answer(
        blocks=(talk.text("greeting.hello" if name else "greeting.hello_unnamed", name=name),),
        buttons=(talk.say("button.help"),),
    )


async def thank(talk: Talk, slots: Slots) -> Answer:
    """You are welcome."""
    return Answer(blocks=(talk.text("greeting.thanks"),), intent="greeting")


GREETING = Command(intent="greeting", propose=greet, stands_alone=True, aside=True)
THANKS = Command(intent="thanks", propose=thank, stands_alone=True, aside=True)
