#!/usr/bin/env python3
"""Render the brand images of the integration and the add-on from their drawings in docs/images/brand."""

from io import BytesIO
from typing import Final, Literal

from generated_page import ROOT
from PIL import Image
from playwright.sync_api import sync_playwright

DRAWINGS: Final = ROOT / "docs" / "images" / "brand"
IMAGES: Final = ROOT / "custom_components" / "porchlight" / "brand"
ADDON: Final = ROOT / "addon"
CHROMIUM: Final = "/usr/bin/chromium"

#: Heights in pixels, as home-assistant/brands wants them.
HEIGHTS: Final = {"icon": 256, "logo": 192}
SCHEMES: Final[dict[str, Literal["light", "dark"]]] = {"": "light", "dark_": "dark"}
SCALES: Final = {"": 1, "@2x": 2}

#: The app store shows the same picture on light and dark, so the logo stands on a plate of its own.
PLATE: Final = (
    "svg { box-sizing: border-box; display: block; width: 250px; height: 100px; padding: 18px; "
    "background: #fff; border-radius: 16px }"
)
#: Drawing and style of what the app store shows.
STORE: Final = {
    "icon": ("tile", "svg { width: 128px; height: 128px; display: block }"),
    "logo": ("logo", PLATE),
}


def main() -> None:
    """Write all of them."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM) as browser:
        for name, height in HEIGHTS.items():
            drawing = (DRAWINGS / f"{name}.svg").read_text()
            for prefix, scheme in SCHEMES.items():
                for suffix, scale in SCALES.items():
                    with browser.new_page(color_scheme=scheme, device_scale_factor=scale) as page:
                        page.set_content(f"<style>svg {{ height: {height}px; display: block }}</style>{drawing}")
                        picture = page.locator("svg").first.screenshot(omit_background=True)
                    trimmed(picture).save(IMAGES / f"{prefix}{name}{suffix}.png", optimize=True)
        for name, (drawing, style) in STORE.items():
            with browser.new_page(color_scheme="light") as page:
                page.set_content(f"<style>{style}</style>{(DRAWINGS / f'{drawing}.svg').read_text()}")
                page.locator("svg").first.screenshot(omit_background=True, path=ADDON / f"{name}.png")


def trimmed(picture: bytes) -> Image.Image:
    """Without empty edges, unless it is square, as an icon must be."""
    image = Image.open(BytesIO(picture))
    return image if image.width == image.height else image.crop(image.getbbox())


if __name__ == "__main__":
    main()
