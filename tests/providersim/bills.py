"""Bills of one day as both providers print them; rows are left out, altered and added on demand."""

import gzip
import io
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime

from tests.providersim.book import SHANGHAI, Book
from tests.providersim.keys import MERCHANT_ID, SELLER, WECHAT_APP

TRADE = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
    "货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,"
    "商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
TRADE_TOTALS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
FUNDS = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
FUNDS_TOTALS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
ALIPAY = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)


@dataclass
class Wish:
    """What a test wants a bill to say otherwise: by our reference of the payment or refund."""

    leave_out: list[str] = field(default_factory=list)
    alter: dict[str, dict] = field(default_factory=dict)
    add: list[dict] = field(default_factory=list)
    other_digest: bool = False


def fee_of(amount_fen: int) -> int:
    """0.6 %, to the nearest fen."""
    return (amount_fen * 6 + 500) // 1000


def rows_of(book: Book, day: date, wish: Wish) -> list[dict]:
    """What happened on a day of Shanghai."""
    found = []
    for payment in book.payments.values():
        if (
            payment["state"] == "paid"
            and payment["paid_at"] >= book.since
            and payment["paid_at"].date() == day
        ):
            found.append(row("payment", payment["reference"], payment["transaction"], payment["amount_fen"],
                             at=payment["paid_at"]))  # fmt: skip
    for refund in book.refunds.values():
        if (
            refund["state"] == "SUCCESS"
            and refund["made_at"] >= book.since
            and refund["made_at"].date() == day
        ):
            payment = book.payments[refund["reference"]]
            found.append(
                row("refund", refund["refund_reference"],
                    refund["number"] if book.name == "wechatpay" else payment["transaction"],
                    refund["amount_fen"], payment=payment["reference"], transaction=payment["transaction"],
                    at=refund["made_at"])
            )  # fmt: skip
    kept = [one | wish.alter.get(one["reference"], {}) for one in found]
    kept = [one for one in kept if one["reference"] not in wish.leave_out]
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI)
    return kept + [row(**{"at": noon} | one) for one in wish.add]


def row(kind, reference, number, amount_fen, *, at, payment="", transaction="", fee_fen=None) -> dict:
    """One payment or refund; the fee of a refund comes back."""
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    fee = fee_of(amount_fen) if kind == "payment" else -fee_of(amount_fen)
    return {
        "kind": kind, "reference": reference, "number": number, "amount_fen": amount_fen, "at": at,
        "payment": payment or reference, "transaction": transaction or number,
        "fee_fen": fee if fee_fen is None else fee_fen,
    }  # fmt: skip


def wechat_trade(rows: list[dict], *, name: str = "青稞, 五斤") -> bytes:
    """The text of WeChat's bill of trades."""
    lines = [TRADE]
    for one in rows:
        is_refund = one["kind"] == "refund"
        paid, back = (0, one["amount_fen"]) if is_refund else (one["amount_fen"], 0)
        values = [
            f"{one['at']:%Y-%m-%d %H:%M:%S}", WECHAT_APP, MERCHANT_ID, "0", "", one["transaction"],
            one["payment"], "openid-of-a-buyer", "NATIVE", "REFUND" if is_refund else "SUCCESS", "OTHERS",
            "CNY", yuan(paid), "0.00", one["number"] if is_refund else "0",
            one["reference"] if is_refund else "0", yuan(back), "0.00",
            "ORIGINAL" if is_refund else "", "SUCCESS" if is_refund else "", name, "",
            yuan(one["fee_fen"]) + "000", "0.60%", yuan(paid), yuan(back), "",
        ]  # fmt: skip
        lines.append(",".join(f"`{value}" for value in values))
    paid, back, fees = totals(rows)
    lines += [TRADE_TOTALS, f"`{len(rows)},`{yuan(paid)},`{yuan(back)},`0.00,`{yuan(fees)}000,`{yuan(paid)},"
                            f"`{yuan(back)}", ""]  # fmt: skip
    return "\r\n".join(lines).encode("utf-8-sig")


def wechat_funds(rows: list[dict], others: tuple[tuple[str, str, int], ...] = ()) -> bytes:
    """The text of WeChat's bill of movements: each payment, its fee, each refund, the fee that came back."""
    moves = []
    for one in rows:
        is_payment = one["kind"] == "payment"
        moves.append((one["at"], one["number"], "交易" if is_payment else "退款",
                      "收入" if is_payment else "支出", one["amount_fen"]))  # fmt: skip
        if one["fee_fen"]:
            moves.append((one["at"], one["number"], "扣除交易手续费",
                          "支出" if one["fee_fen"] > 0 else "收入", abs(one["fee_fen"])))  # fmt: skip
    moves += [(rows[0]["at"], number, kind, "支出", fen) for number, kind, fen in others]
    lines = [FUNDS]
    for number, (at, business, kind, direction, fen) in enumerate(moves, start=1):
        values = [f"{at:%Y-%m-%d %H:%M:%S}", business, f"90{number:08d}", kind, kind, direction, yuan(fen),
                  "100.00", "system", "", f"80{number:08d}"]  # fmt: skip
        lines.append(",".join(f"`{value}" for value in values))
    came, went = [m[4] for m in moves if m[3] == "收入"], [m[4] for m in moves if m[3] == "支出"]
    lines += [FUNDS_TOTALS, f"`{len(moves)},`{len(came)},`{yuan(sum(came))},`{len(went)},`{yuan(sum(went))}",
              ""]  # fmt: skip
    return "\r\n".join(lines).encode("utf-8-sig")


def alipay_text(
    rows: list[dict], day: date, *, name: str = '"青稞, 五斤"', made_at: str = "10:00:00"
) -> bytes:
    """The table of Alipay's bill, in GBK."""
    lines = [
        "#支付宝业务明细查询", f"#账号：[{SELLER}0156]",
        f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{day:%Y年%m月%d日} 23:59:59]",
        "#-----------------------------------------业务明细列表----------------------------------------",
        ALIPAY,
    ]  # fmt: skip
    for one in rows:
        is_refund = one["kind"] == "refund"
        fen = -one["amount_fen"] if is_refund else one["amount_fen"]
        at = f"{one['at']:%Y-%m-%d %H:%M:%S}"
        values = [one["transaction"], one["payment"], "退款" if is_refund else "交易", name, at, at, "", "",
                  "", "", "138****0000(**玛)", yuan(fen), yuan(fen), "0.00", "0.00", "0.00", "0.00",
                  "0.00", "",
                  "0.00", "0.00", one["reference"] if is_refund else "", yuan(-one["fee_fen"]), "0.00",
                  ""]  # fmt: skip
        lines.append(",".join(f"{value}\t" if value != name else value for value in values))
    paid, back, _fees = totals(rows)
    backs = sum(one["kind"] == "refund" for one in rows)
    lines += [
        "#-----------------------------------------业务明细列表结束------------------------------------",
        f"#交易合计：{len(rows) - backs}笔，商家实收共{yuan(paid)}元，商家优惠共0.00元",
        f"#退款合计：{backs}笔，商家实收退款共-{yuan(back)}元，商家优惠退款共0.00元",
        f"#导出时间：[{day:%Y年%m月%d日} {made_at}]", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode("gbk")


def alipay_zip(text: bytes) -> bytes:
    """The archive that Alipay sends: the table and a summary."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{SELLER}_业务明细.csv", text)
        archive.writestr(f"{SELLER}_业务明细(汇总).csv", "#支付宝业务汇总查询\r\n".encode("gbk"))
    return packed.getvalue()


def packed(text: bytes) -> bytes:
    """What WeChat sends."""
    return gzip.compress(text)


def totals(rows: list[dict]) -> tuple[int, int, int]:
    """Paid, refunded, fees."""
    return (
        sum(one["amount_fen"] for one in rows if one["kind"] == "payment"),
        sum(one["amount_fen"] for one in rows if one["kind"] == "refund"),
        sum(one["fee_fen"] for one in rows),
    )


def yuan(fen: int) -> str:
    """Fen as yuan, with a sign."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
