"""Personal data is masked by default (rules.md PR9)."""


def mask_phone(phone: str | None) -> str:
    """Return a phone number with its middle hidden: 13812345678 -> 138****5678."""
    if not phone:
        return ""
    if len(phone) < 8:
        return "*" * len(phone)
    return f"{phone[:-8]}****{phone[-4:]}"


def mask_name(name: str) -> str:
    """Return a name with all but its first character hidden: 卓玛 -> 卓*."""
    return f"{name[:1]}{'*' * min(max(len(name) - 1, 1), 3)}" if name else ""


def mask_email(email: str | None) -> str:
    """Return an address with its local part hidden after the first letter."""
    if not email or "@" not in email:
        return ""
    local, domain = email.split("@", 1)
    return f"{local[:1]}***@{domain}"
