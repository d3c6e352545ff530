"""What sending costs: the freight templates of the person's shops."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.forms import show_refusal
from common.clock import utc_now
from common.errors import MarketError, NotFound
from sellerdesk.freight_forms import FreightForm, initial_of, template_data
from sellerdesk.permissions import member_required
from shops.models import FreightTemplate, Shop
from shops.selectors import freight_templates_of
from shops.services.freight import save_template

REFUSED = 422


@member_required
@require_safe
def freight(request: HttpRequest) -> HttpResponse:
    """List the freight templates of the person's shops."""
    templates = freight_templates_of(request.user).select_related("shop")
    context = {"templates": templates, "has_shops": len(request.own_shops) > 1}
    return render(request, "sellerdesk/freight.html", context)


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def freight_new(request: HttpRequest) -> HttpResponse:
    """Write a new template for one of the person's shops."""
    wanted = request.POST.get("shop") or request.GET.get("shop") or ""
    shop = next((one for one in request.own_shops if str(one.pk) == wanted), request.own_shops[0])
    return _edit(request, shop, None, FreightForm(request.POST or None))


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def freight_edit(request: HttpRequest, template_id: int) -> HttpResponse:
    """Change a template; one that says more than the form can is shown, and changed by program only."""
    template = freight_templates_of(request.user).filter(pk=template_id).first()
    if template is None:
        raise NotFound()
    initial = initial_of(template)
    if initial is None:
        messages.info(request, _("This template has finer regions than this page: it is changed by program."))
        return redirect("sellerdesk:freight")
    return _edit(request, template.shop, template, FreightForm(request.POST or None, initial=initial))


def _edit(
    request: HttpRequest, shop: Shop, template: FreightTemplate | None, form: FreightForm
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            save_template(
                actor=request.user, shop=shop, data=template_data(form), now=utc_now(), template=template
            )
        except NotFound:
            raise
        except MarketError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("sellerdesk:freight")
    context = {"form": form, "template": template, "shop": shop, "shops": request.own_shops}
    status = REFUSED if request.method == "POST" else 200
    return render(request, "sellerdesk/freight_form.html", context, status=status)
