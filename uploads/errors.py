"""Refusals of files from phones, in words a villager understands."""

from django.utils.translation import gettext_lazy as _

from common.errors import MarketError


class FileTooLarge(MarketError):
    """More bytes than a photo may have."""

    code = "too_large"
    status = 413
    message = _("This file is too large for a photo. Please choose another one.")


class NotAPicture(MarketError):
    """The bytes are not a picture of a kind we take, whatever the name says."""

    code = "not_a_picture"
    status = 415
    message = _("This file is not a photo. Please choose a picture taken with a phone or camera.")


class BrokenPicture(NotAPicture):
    """A picture that breaks off or does not decode."""

    message = _("This photo is damaged: it did not arrive whole. Please send it again.")


class TooManyPixels(NotAPicture):
    """A picture too big to be decoded safely."""

    code = "too_many_pixels"
    message = _("This picture has too many pixels. Please take it again with the phone's normal camera.")


class PictureTooSmall(NotAPicture):
    """A picture too small or too narrow to show goods."""

    code = "picture_too_small"
    message = _("This picture is too small or too narrow to show well. Please take it again.")


class DiskFull(MarketError):
    """There is no room for the file."""

    code = "disk_full"
    status = 507
    message = _("The market has no room for files just now. Nothing was lost; please try again later.")


class NotADocument(MarketError):
    """The bytes are not a whole PDF, whatever the name says."""

    code = "not_a_document"
    status = 415
    message = _("This file is not a whole PDF. Please choose the PDF that the tax office gave you.")
