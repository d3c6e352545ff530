"""Addresses of sellerdesk."""

from django.urls import path

from sellerdesk.api import ShowReportView
from sellerdesk.views import (
    cases,
    coupons,
    farmers,
    freight,
    goods,
    live_chat,
    live_console,
    live_keys,
    live_plan,
    live_replay,
    live_report,
    live_rundown,
    money,
    orders,
    parcels,
    today,
)

app_name = "sellerdesk"
urlpatterns = [
    path("desk/", today.today, name="today"),
    path("desk/goods/", goods.goods, name="goods"),
    path("desk/goods/new/", goods.goods_new, name="goods-new"),
    path("desk/goods/farmers/", farmers.farmers, name="farmers"),
    path("desk/goods/farmers/new/", farmers.farmer_new, name="farmer-new"),
    path("desk/goods/farmers/<int:farmer_id>/", farmers.farmer_edit, name="farmer-edit"),
    path("desk/goods/farmers/<int:farmer_id>/revoke/", farmers.farmer_revoke, name="farmer-revoke"),
    path("desk/freight/", freight.freight, name="freight"),
    path("desk/freight/new/", freight.freight_new, name="freight_new"),
    path("desk/freight/<int:template_id>/", freight.freight_edit, name="freight_edit"),
    path("desk/goods/<int:product_id>/", goods.goods_item, name="goods-item"),
    path("desk/goods/<int:product_id>/edit/", goods.goods_edit, name="goods-edit"),
    path("desk/goods/<int:product_id>/state/", goods.goods_state, name="goods-state"),
    path("desk/goods/<int:product_id>/publish/", goods.goods_publish, name="goods-publish"),
    path("desk/goods/<int:product_id>/archive/", goods.goods_archive, name="goods-archive"),
    path("desk/goods/<int:product_id>/stock/", goods.goods_stock, name="goods-stock"),
    path("desk/coupons/", coupons.coupons, name="coupons"),
    path("desk/coupons/new/", coupons.coupon_new, name="coupon_new"),
    path("desk/coupons/<int:campaign_id>/stop/", coupons.coupon_stop, name="coupon_stop"),
    path("desk/orders/", orders.orders, name="orders"),
    path("desk/parcels/", parcels.parcels, name="parcels"),
    path("desk/parcels/print/", parcels.parcels_print, name="parcels_print"),
    path("desk/orders/<slug:number>/", orders.order, name="order"),
    path("desk/orders/<slug:number>/ship/", orders.order_ship, name="order_ship"),
    path("desk/orders/<slug:number>/cancel/", orders.order_cancel, name="order_cancel"),
    path("desk/orders/<slug:number>/cash/", orders.order_cash, name="order_cash"),
    path("desk/orders/<slug:number>/refused/", orders.order_refused, name="order_refused"),
    path("desk/after-sales/", cases.cases, name="cases"),
    path("desk/after-sales/<int:case_id>/", cases.case, name="case"),
    path("desk/after-sales/<int:case_id>/approve/", cases.case_approve, name="case_approve"),
    path("desk/after-sales/<int:case_id>/reject/", cases.case_reject, name="case_reject"),
    path("desk/after-sales/<int:case_id>/received/", cases.case_received, name="case_received"),
    path("desk/money/", money.money, name="money"),
    path("desk/statements/<int:statement_id>/", money.statement, name="statement"),
    path("desk/live/", live_plan.shows, name="shows"),
    path("desk/live/week/", live_plan.week, name="shows_week"),
    path("desk/live/new/", live_plan.show_new, name="show_new"),
    path("desk/live/<int:session_id>/", live_rundown.show, name="show"),
    path("desk/live/<int:session_id>/rundown/", live_rundown.rundown_save, name="rundown"),
    path("desk/live/<int:session_id>/rundown/copy/", live_rundown.rundown_copy, name="rundown_copy"),
    path("desk/live/<int:session_id>/items/<int:item_id>/move/", live_rundown.item_move, name="item_move"),
    path(
        "desk/live/<int:session_id>/items/<int:item_id>/remove/", live_rundown.item_remove, name="item_remove"
    ),
    path("desk/live/<int:session_id>/edit/", live_plan.show_edit, name="show_edit"),
    path("desk/live/<int:session_id>/schedule/", live_plan.show_schedule, name="show_schedule"),
    path("desk/live/<int:session_id>/cancel/", live_plan.show_cancel, name="show_cancel"),
    path("desk/live/<int:session_id>/end/", live_plan.show_end, name="show_end"),
    path("desk/live/<int:session_id>/replay/", live_replay.replay, name="replay"),
    path("desk/live/<int:session_id>/clips/", live_replay.clips, name="clips"),
    path(
        "desk/live/<int:session_id>/clips/<int:clip_id>/delete/", live_replay.clip_delete, name="clip_delete"
    ),
    path("desk/live/<int:session_id>/console/", live_console.console, name="console"),
    path("desk/live/<int:session_id>/report/", live_report.report, name="show_report"),
    path("desk/live/<int:session_id>/moderate/", live_chat.moderate, name="moderate"),
    path("desk/live/<int:session_id>/moderate/join/", live_chat.moderate_join, name="moderate_join"),
    path("desk/live/<int:session_id>/chat/", live_chat.show_chat, name="show_chat"),
    path("desk/live/<int:session_id>/obs/", live_keys.obs, name="obs"),
    path("desk/live/<int:session_id>/obs/key/", live_keys.obs_key, name="obs_key"),
    path("desk/live/<int:session_id>/obs/revoke/", live_keys.obs_revoke, name="obs_revoke"),
    path("desk/live/<int:session_id>/obs/start/", live_keys.obs_start, name="obs_start"),
]
api_urlpatterns = [
    path("live-sessions/<int:session_id>/report/", ShowReportView.as_view(), name="show_report")
]
