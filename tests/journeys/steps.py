"""What people do on a market day, through the pages, as a thumb would."""

import io
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from backoffice.demo.pictures import product_picture
from tests.stack import until

VIDEO = "document.querySelector('[data-video]')"
VILLAGE_TIME = ZoneInfo("Asia/Shanghai")


def photo_from_a_phone() -> bytes:
    """Return a JPEG as a phone makes it: turned by EXIF, with the place where it was taken."""
    picture = product_picture("matsutake", (900, 1200))
    exif = picture.getexif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (28.0, 20.0, 28.3)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=88, exif=exif)
    return file.getvalue()


def list_product(mei: Page, *, title: str, price: str, stock: int, farmer_id: int) -> int:
    """Put a product on sale from one photo; return its id."""
    mei.goto("/desk/goods/new/")
    photo = {"name": "IMG_20261124.jpg", "mimeType": "image/jpeg", "buffer": photo_from_a_phone()}
    mei.set_input_files("input[name=files]", photo)
    expect(mei.locator("[data-photo-tile] img").first).to_be_visible()
    mei.fill("input[name=title]", title)
    mei.fill("input[name=price]", price)
    mei.fill("input[name=unit]", "100 g")
    mei.fill("input[name=stock]", str(stock))
    mei.locator("input[name=category]").first.check(force=True)
    mei.select_option("select[name=farmer]", str(farmer_id))
    mei.click("button[value=publish]")
    expect(mei.locator(".goods-done")).to_be_visible(timeout=60_000)
    return int(re.search(r"/desk/goods/(\d+)/", mei.url).group(1))


def announce_show(zhuoma: Page, *, title: str, product_title: str, live_price: str) -> int:
    """Plan a show with one product at a live price and announce it; return the session's id."""
    zhuoma.goto("/desk/live/new/")
    zhuoma.fill("input[name=title]", title)
    starts = datetime.now(VILLAGE_TIME) + timedelta(minutes=30)
    zhuoma.fill("input[name=scheduled_at]", starts.strftime("%Y-%m-%dT%H:%M"))
    with zhuoma.expect_navigation():
        zhuoma.click("button[form=plan]")
    clash = zhuoma.locator("input[name=allow_clash]")
    if clash.count():
        # Another journey has planned for the same time; the market asks whether that is meant.
        clash.check()
        zhuoma.click("button[form=plan]")
    zhuoma.wait_for_url(re.compile(r"/desk/live/\d+/$"))
    row = zhuoma.locator(".rundown__item").filter(has_text=product_title)
    row.locator("input[type=checkbox]").check()
    row.locator("input[name^=price_]").fill(live_price)
    zhuoma.click("form:has(input[name^=add_]) button.btn--wide")
    expect(zhuoma.locator("ol.rundown")).to_contain_text(product_title)
    zhuoma.click("form[action$='/schedule/'] button")
    expect(zhuoma.locator("a[href$='/console/']")).to_be_visible()
    return int(re.search(r"/desk/live/(\d+)/", zhuoma.url).group(1))


def go_live(zhuoma: Page, session_id: int) -> None:
    """Open the console and press the big button; the chunks are acknowledged."""
    zhuoma.goto(f"/desk/live/{session_id}/console/")
    expect(zhuoma.locator("[data-go]")).to_be_enabled()
    zhuoma.click("[data-go]")
    expect(zhuoma.locator("[data-air].badge--live")).to_be_visible()


def watch(arun: Page, session_id: int) -> tuple[int, float, float]:
    """Wait for the moving picture; return (width in pixels, first second, a later second)."""
    arun.goto(f"/live/{session_id}/")
    until(arun, f"{VIDEO}.videoWidth > 0", seconds=40)
    first = arun.evaluate(f"{VIDEO}.currentTime")
    until(arun, f"start => {VIDEO}.currentTime > start + 2", first)
    width, later = arun.evaluate(f"[{VIDEO}.videoWidth, {VIDEO}.currentTime]")
    return width, first, later


def decoded_frames(page: Page) -> int:
    """Return how many frames the page's video has really decoded."""
    return page.evaluate(f"{VIDEO}.getVideoPlaybackQuality().totalVideoFrames")


def count_taps(person: Page) -> list[str]:
    """Return a list that grows with whatever the person taps from now on, on any page."""
    taps: list[str] = []
    person.expose_binding("toldOfTap", lambda _, what: taps.append(what))
    listen = """addEventListener('click', event => {
        if (event.isTrusted) toldOfTap(event.target.closest('button, a, input').outerHTML.slice(0, 80));
    }, true)"""
    person.add_init_script(listen)
    person.evaluate(listen)
    return taps


def pay_at_the_sandbox(arun: Page) -> None:
    """Pay on the provider's page and come back to the market."""
    arun.wait_for_url(re.compile("/sandbox-pay/"))
    arun.click("button[value=pay]")
    arun.wait_for_url(re.compile(r"/checkout/return/\d+/"))
    expect(arun.locator("[data-outcome=paid]")).to_be_visible(timeout=30_000)


def ship(mei: Page, number: str, tracking_number: str) -> None:
    """Hand the parcel to SF Express, whose number it is."""
    mei.goto(f"/desk/orders/{number}/")
    mei.select_option("[name=carrier]", "sf")
    mei.fill("[name=tracking_number]", tracking_number)
    mei.click("button[form=ship]")
    expect(mei.locator("main")).to_contain_text(tracking_number)


def confirm_receipt(arun: Page, number: str) -> None:
    """Say that the parcel has come."""
    arun.goto(f"/orders/{number}/")
    arun.click("form[action$='/receive/'] button")
    expect(arun.locator("form[action$='/receive/']")).to_have_count(0)


def make_move(operator: Page, address: str, move: str, **answers: str) -> None:
    """Do one move of an admin page: press its button, answer its questions, confirm."""
    operator.goto(address)
    operator.locator(f".market-moves a[href$='/move/{move}/']").click()
    for name, answer in answers.items():
        operator.fill(f"[name={name}]", answer)
    operator.locator(".market-ask button[type=submit]").click()
    operator.wait_for_url(lambda url: "/move/" not in url)
