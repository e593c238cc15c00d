"""Word lists from which people are put together at random. Nobody in them is meant.

Belongs here: words. Does not belong here: who gets which (population.py).
"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _words(
    """
    Aaliyah Aaron Abigail Adam Adrian Aisha Alana Alex Alice Amara Amir Ana Andre Angela Anika
    Anthony Ari Ava Beatriz Ben Bianca Brandon Caleb Camila Carlos Carmen Cecilia Chloe Clara Daniel
    Daria David Diego Dmitri Elena Eli Elias Emil Emma Ethan Eva Fatima Felix Fiona Gabriel Grace
    Hana Hannah Hassan Hugo Ibrahim Ines Ingrid Isaac Isabel Jamal Jasmine Javier Jin Joel John José
    Julia Kai Karim Kate Keisha Kenji Kofi Laila Lars Laura Leo Liam Lina Lucas Lucía Luis Malik
    Maria Marta Mateo Maya Mei Mia Mila Miguel Nadia Naomi Nina Noah Nora Oliver Omar Owen Paula
    Pavel Priya Quinn Rafael Ravi Rosa Ruth Sam Samira Sara Sean Sofia Stella Tara Thomas Tomas Uma
    Victor Vivian Wei Yara Yusuf Zara Zoë
    """
)

FAMILY = _words(
    """
    Abbott Adams Ahmed Ali Allen Alvarez Anderson Bailey Baker Banerjee Barnes Becker Bell Bennett
    Brooks Brown Bryant Campbell Carter Castillo Chang Chen Clark Coleman Collins Cooper Cruz Das
    Davis Delgado Diaz Edwards Ellis Evans Fischer Fisher Flores Foster Garcia Gomez González Gray
    Green Griffin Gupta Hall Harris Hassan Hayes Henry Hernandez Hill Howard Hughes Ito Jackson
    James Jenkins Johnson Jones Jung Kelly Khan Kim King Kowalski Kumar Larsen Lee Lewis Lin Long
    Lopez Martin Martinez Mason Mendoza Meyer Miller Mitchell Moore Morales Morgan Müller Murphy
    Nelson Nguyen Novak O'Brien O'Neil Okafor Ortiz Owens Park Patel Perez Perry Peters Phillips
    Powell Price Ramirez Reed Reyes Rivera Roberts Robinson Rogers Rossi Russell Sanchez Sanders
    Santos Schmidt Scott Shah Silva Simmons Singh Smith Sokolov Stewart Sullivan Tanaka Taylor
    Thomas Torres Tran Turner Vargas Vega Walker Wang Ward Watson White Williams Wilson Wong Wood
    Wright Yang Young Zhang
    """
)

TEAMS = ("Otters", "Herons", "Foxes", "Owls", "Beavers", "Swifts")
