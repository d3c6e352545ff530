"""What lies on the table in each of the demo's product pictures."""

from dataclasses import dataclass

from backoffice.demo.tables import Setting, Thing, Vessel, heap, pile

DEPTH = {"tray": 0.07, "bowl": 0.4, "basket": 0.38}


@dataclass(frozen=True)
class Scene:
    """One product picture: the set, vessels with their content, things on the table (in drawing order)."""

    setting: Setting
    yonder: tuple[Thing, ...] = ()
    behind: tuple[Thing, ...] = ()
    vessels: tuple[Vessel, ...] = ()
    front: tuple[Thing, ...] = ()


def filled(
    kind: str,
    x: float,
    y: float,
    width: float,
    wood: str,
    name: str,
    size: float,
    rows: tuple[tuple[int, float], ...],
    **look,
) -> Vessel:
    """Return a vessel heaped with one kind of thing; rows are (how many, how high above the rim)."""
    return Vessel(kind, x, y, width, wood, tuple(heap(name, x, y - DEPTH[kind] * width, size, rows, **look)))


OAK, WALNUT, PINE, LIME = "#a9744a", "#6f4a30", "#c69560", "#d8bd90"
WILLOW, TERRACOTTA, SLATE, CELADON = "#b98645", "#a85f3c", "#5b6470", "#8fae97"

SCENES: dict[str, Scene] = {
    "matsutake": Scene(
        Setting(view="morning", table=WALNUT),
        vessels=(
            filled(
                "basket",
                0.5,
                0.9,
                0.74,
                WILLOW,
                "mushroom",
                0.27,
                ((3, 0.13), (4, 0.05), (3, -0.04)),
                color="#c99a6a",
                turn=24,
            ),
        ),
        front=(Thing("mushroom", 0.86, 0.95, 0.2, 40, color="#c99a6a"), Thing("herb", 0.14, 0.94, 0.16, -30)),
    ),
    "morel": Scene(
        Setting(wall="#cfd8c4", table=PINE),
        vessels=(
            filled(
                "bowl",
                0.48,
                0.86,
                0.62,
                SLATE,
                "mushroom",
                0.21,
                ((4, 0.1), (5, 0.03), (4, -0.04)),
                color="#8a6848",
                turn=30,
            ),
        ),
        front=(
            Thing("mushroom", 0.84, 0.9, 0.19, 24, color="#8a6848"),
            Thing("mushroom", 0.16, 0.94, 0.17, -30, color="#8a6848"),
            Thing("herb", 0.72, 0.96, 0.13, 60),
        ),
    ),
    "honey": Scene(
        Setting(view="noon", table=OAK),
        behind=(Thing("sunflower", 0.2, 0.72, 0.38, 6), Thing("sunflower", 0.83, 0.69, 0.32, -8, True)),
        front=(
            Thing("honey", 0.5, 0.86, 0.52),
            Thing("bee", 0.76, 0.36, 0.13, 12, flies=True),
            Thing("bee", 0.27, 0.24, 0.09, -10, True, flies=True),
            Thing("daisy", 0.25, 0.93, 0.16, -8),
            Thing("daisy", 0.77, 0.92, 0.14, 10),
        ),
    ),
    "dark-honey": Scene(
        Setting(wall="#e6c47c", cloth="#f3ead6", stripe="#845310"),
        behind=(Thing("honey", 0.68, 0.72, 0.36, flip=True, color="#c98a3c", strength=0.35),),
        front=(
            Thing("honey", 0.36, 0.84, 0.46, color="#c98a3c", strength=0.35),
            Thing("bee", 0.7, 0.27, 0.12, 8, flies=True),
            Thing("blossom", 0.72, 0.9, 0.15),
            Thing("blossom", 0.86, 0.84, 0.11),
        ),
    ),
    "yak-butter": Scene(
        Setting(view="noon", table=PINE),
        yonder=(Thing("ox", 0.76, 0.56, 0.24, color="#8a6a54", strength=0.4),),
        vessels=(
            filled(
                "tray", 0.46, 0.86, 0.72, WALNUT, "butter", 0.27, ((1, 0.13), (2, 0.02)), turn=3, gap=0.74
            ),
        ),
        front=(Thing("milk", 0.85, 0.87, 0.27), Thing("daisy", 0.13, 0.95, 0.14)),
    ),
    "yak-cheese": Scene(
        Setting(wall="#bfd0d6", table=OAK),
        vessels=(
            filled("tray", 0.5, 0.86, 0.8, LIME, "cheese", 0.3, ((2, 0.12), (2, 0.0)), turn=4, gap=0.86),
        ),
        front=(Thing("herb", 0.86, 0.93, 0.17, 20), Thing("grapes", 0.14, 0.94, 0.22)),
    ),
    "barley-flour": Scene(
        Setting(view="autumn", cloth="#efe3c9"),
        behind=(Thing("sheaf", 0.16, 0.74, 0.42, 8), Thing("sheaf", 0.86, 0.72, 0.4, -8, True)),
        vessels=(
            filled("tray", 0.5, 0.85, 0.7, WALNUT, "bread", 0.3, ((2, 0.1), (2, -0.02)), turn=5, gap=0.92),
        ),
        front=(Thing("butter", 0.83, 0.95, 0.17),),
    ),
    "barley-biscuit": Scene(
        Setting(wall="#e3c9b0", cloth="#f6e7c1", stripe="#1f5f4a"),
        vessels=(
            filled(
                "tray", 0.5, 0.84, 0.78, WALNUT, "cookie", 0.24, ((3, 0.13), (4, 0.06), (3, -0.03)), gap=0.8
            ),
        ),
        front=(Thing("cookie", 0.16, 0.95, 0.2, 20), Thing("sheaf", 0.86, 0.95, 0.3, -20)),
    ),
    "red-rice": Scene(
        Setting(wall="#d9c3a0", table=WALNUT),
        behind=(Thing("sheaf", 0.18, 0.7, 0.4, 10), Thing("sheaf", 0.83, 0.7, 0.38, -10, True)),
        front=(
            Thing("rice", 0.5, 0.9, 0.52, color="#e0a08c", strength=0.25),
            Thing("herb", 0.84, 0.92, 0.15, 30),
        ),
    ),
    "corn": Scene(
        Setting(view="autumn", table=OAK),
        vessels=(
            filled(
                "basket",
                0.48,
                0.92,
                0.74,
                WILLOW,
                "corn",
                0.33,
                ((3, 0.11), (4, 0.02), (3, -0.06)),
                turn=16,
                gap=0.62,
            ),
        ),
        front=(Thing("corn", 0.86, 0.95, 0.25, -50),),
    ),
    "buckwheat-noodles": Scene(
        Setting(wall="#c9cfc0", table=PINE),
        front=(
            Thing("noodles", 0.48, 0.9, 0.66),
            Thing("chili", 0.84, 0.91, 0.2, 30),
            Thing("garlic", 0.15, 0.92, 0.18),
            Thing("herb", 0.72, 0.97, 0.12, 50),
        ),
    ),
    "kidney-beans": Scene(
        Setting(wall="#ead7b0", table=SLATE),
        vessels=(
            filled(
                "bowl",
                0.5,
                0.88,
                0.66,
                CELADON,
                "beans",
                0.15,
                ((5, 0.07), (6, 0.02), (5, -0.03)),
                turn=60,
                gap=0.74,
            ),
        ),
        front=(Thing("beans", 0.13, 0.94, 0.13, 20), Thing("beans", 0.88, 0.93, 0.14, -30)),
    ),
    "apples": Scene(
        Setting(view="noon", table=PINE),
        vessels=(
            filled(
                "basket",
                0.5,
                0.91,
                0.76,
                WILLOW,
                "apple",
                0.25,
                ((3, 0.14), (4, 0.05), (3, -0.05)),
                turn=12,
                gap=0.76,
            ),
        ),
        front=(Thing("apple", 0.13, 0.95, 0.2, -12), Thing("apple", 0.89, 0.95, 0.19, 10, True)),
    ),
    "pears": Scene(
        Setting(wall="#c8d4b4", cloth="#fbf4e4", stripe="#8fae55"),
        vessels=(
            filled("tray", 0.5, 0.85, 0.74, OAK, "pear", 0.31, ((3, 0.08), (2, -0.01)), turn=8, gap=0.88),
        ),
        front=(Thing("pear", 0.15, 0.95, 0.24, 62), Thing("blossom", 0.85, 0.93, 0.13)),
    ),
    "dried-apricots": Scene(
        Setting(wall="#e8cda4", table=WALNUT),
        vessels=(
            filled(
                "bowl",
                0.5,
                0.88,
                0.64,
                "#3f6f78",
                "peach",
                0.16,
                ((4, 0.09), (5, 0.03), (4, -0.03)),
                color="#f0a04a",
                strength=0.4,
                turn=34,
                gap=0.76,
            ),
        ),
        front=(
            Thing("peach", 0.14, 0.94, 0.16, 20, color="#f0a04a", strength=0.4),
            Thing("peach", 0.87, 0.94, 0.15, -24, color="#f0a04a", strength=0.4),
            Thing("blossom", 0.8, 0.98, 0.1),
        ),
    ),
    "cherries": Scene(
        Setting(view="morning", cloth="#f2e6d2", stripe="#c0392b"),
        vessels=(
            filled(
                "bowl",
                0.5,
                0.88,
                0.64,
                "#e7e2d6",
                "cherries",
                0.2,
                ((3, 0.08), (4, 0.03), (4, -0.03)),
                turn=26,
                gap=0.76,
            ),
        ),
        front=(Thing("cherries", 0.86, 0.95, 0.18, 12), Thing("cherries", 0.13, 0.95, 0.16, -20, True)),
    ),
    "grapes": Scene(
        Setting(wall="#d8cfe0", table=WALNUT),
        vessels=(
            filled("tray", 0.5, 0.85, 0.8, LIME, "grapes", 0.34, ((2, 0.14), (3, 0.02)), turn=10, gap=0.74),
        ),
        front=(Thing("grapes", 0.86, 0.97, 0.22, -30, True),),
    ),
    "chestnuts": Scene(
        Setting(view="autumn", table=WALNUT),
        vessels=(
            filled(
                "basket",
                0.5,
                0.9,
                0.72,
                WILLOW,
                "chestnut",
                0.16,
                ((4, 0.11), (5, 0.05), (6, 0.0)),
                turn=34,
                gap=0.8,
            ),
        ),
        front=(
            Thing("chestnut", 0.12, 0.94, 0.15, -20),
            Thing("chestnut", 0.9, 0.93, 0.14, 16),
            Thing("chestnut", 0.8, 0.98, 0.13, -8),
        ),
    ),
    "potatoes": Scene(
        Setting(wall="#cbb791", table="#8a7a66"),
        vessels=(
            filled(
                "basket",
                0.5,
                0.9,
                0.76,
                PINE,
                "potato",
                0.22,
                ((3, 0.13), (4, 0.06), (4, -0.02)),
                turn=50,
                gap=0.86,
            ),
        ),
        front=(Thing("potato", 0.13, 0.95, 0.18, 70), Thing("potato", 0.9, 0.95, 0.17, -50)),
    ),
    "chili": Scene(
        Setting(wall="#e9d3a6", cloth="#f4ead4", stripe="#c0392b"),
        vessels=(
            filled(
                "tray",
                0.5,
                0.85,
                0.8,
                WALNUT,
                "chili",
                0.26,
                ((4, 0.1), (5, 0.04), (5, -0.02)),
                turn=60,
                gap=0.8,
            ),
        ),
        front=(Thing("chili", 0.13, 0.96, 0.2, 40), Thing("garlic", 0.88, 0.95, 0.17)),
    ),
    "garlic": Scene(
        Setting(wall="#b9c4cf", table=OAK),
        vessels=(
            filled(
                "basket",
                0.5,
                0.89,
                0.7,
                WILLOW,
                "garlic",
                0.22,
                ((3, 0.12), (4, 0.05), (4, -0.02)),
                turn=24,
                color="#d9b6d0",
                strength=0.3,
            ),
        ),
        front=(
            Thing("garlic", 0.14, 0.95, 0.19, -14, color="#d9b6d0", strength=0.3),
            Thing("chili", 0.87, 0.95, 0.2, 20),
        ),
    ),
    "eggs": Scene(
        Setting(view="noon", table=PINE),
        yonder=(Thing("hen", 0.83, 0.56, 0.2),),
        vessels=(
            filled(
                "basket",
                0.46,
                0.9,
                0.7,
                WILLOW,
                "egg",
                0.19,
                ((4, 0.11), (5, 0.05), (5, -0.01)),
                turn=28,
                gap=0.86,
            ),
        ),
        front=(
            Thing("egg", 0.87, 0.93, 0.16, 70),
            Thing("feather", 0.88, 0.99, 0.12, 20),
            Thing("egg", 0.1, 0.95, 0.15, -60),
        ),
    ),
    "flower-tea": Scene(
        Setting(wall="#dfe3cf", cloth="#f6ecd6", stripe="#c8862b"),
        front=(
            Thing("teapot", 0.4, 0.82, 0.5, color="#c07a4c", strength=0.75),
            Thing("teacup", 0.78, 0.87, 0.28),
            *pile("daisy", 0.3, 0.95, 0.14, (4,), gap=0.95),
            Thing("daisy", 0.88, 0.96, 0.12),
        ),
    ),
    "wool-scarf": Scene(
        Setting(view="morning", table=WALNUT),
        yonder=(Thing("sheep", 0.8, 0.56, 0.2), Thing("sheep", 0.62, 0.53, 0.12, flip=True)),
        front=(
            Thing("scarf", 0.44, 0.89, 0.6, color="#d0483a", strength=0.75),
            Thing("yarn", 0.82, 0.9, 0.24, color="#c8862b", strength=0.8),
            Thing("yarn", 0.13, 0.93, 0.19, 20, color="#1f7a5c", strength=0.8),
        ),
    ),
}
