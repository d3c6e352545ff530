"""Addresses of orders."""

from django.urls import path

from orders import (
    api,
    case_api,
    coupon_api,
    invoice_api,
    lot_api,
    offer_api,
    parcel_api,
    quote_api,
    review_api,
    talk_api,
)

app_name = "orders"
urlpatterns = []
api_urlpatterns = [
    path("invoices/", invoice_api.InvoicesView.as_view(), name="invoices"),
    path("invoices/<int:invoice_id>/", invoice_api.InvoiceView.as_view(), name="invoice"),
    path("invoices/<int:invoice_id>/refuse/", invoice_api.RefuseInvoiceView.as_view(), name="invoice_refuse"),
    path("invoices/<int:invoice_id>/issue/", invoice_api.IssueInvoiceView.as_view(), name="invoice_issue"),
    path(
        "invoices/<int:invoice_id>/reverse/", invoice_api.ReverseInvoiceView.as_view(), name="invoice_reverse"
    ),
    path(
        "invoices/<int:invoice_id>/pdf/", invoice_api.InvoiceDocumentView.as_view(), name="invoice_document"
    ),
    path("orders/<slug:number>/invoices/", invoice_api.RequestInvoiceView.as_view(), name="invoice_create"),
    path(
        "products/<int:product_id>/reviews/", review_api.ProductReviewsView.as_view(), name="product_reviews"
    ),
    path("shops/<int:shop_id>/reviews/", review_api.ShopReviewsView.as_view(), name="shop_reviews"),
    path("me/reviews/", review_api.MyReviewsView.as_view(), name="my_reviews"),
    path("orders/<slug:number>/reviews/", review_api.WriteReviewView.as_view(), name="review_create"),
    path("reviews/<int:review_id>/", review_api.ReviewView.as_view(), name="review"),
    path("reviews/<int:review_id>/reply/", review_api.ReplyView.as_view(), name="review_reply"),
    path("reviews/<int:review_id>/report/", review_api.ReportReviewView.as_view(), name="review_report"),
    path("conversations/", talk_api.ConversationsView.as_view(), name="conversations"),
    path(
        "conversations/<int:conversation_id>/messages/",
        talk_api.MessagesView.as_view(),
        name="conversation_messages",
    ),
    path("conversations/<int:conversation_id>/read/", talk_api.ReadView.as_view(), name="conversation_read"),
    path(
        "private-messages/<int:message_id>/report/",
        talk_api.ReportMessageView.as_view(),
        name="private_message_report",
    ),
    path("shipments/import/", parcel_api.ImportView.as_view(), name="shipments_import"),
    path(
        "shipments/<int:shipment_id>/correct/",
        parcel_api.CorrectParcelView.as_view(),
        name="shipment_correct",
    ),
    path("tracking/kuaidi100/", parcel_api.Kuaidi100ReportView.as_view(), name="tracking_kuaidi100"),
    path("orders/<slug:number>/more-time/", parcel_api.MoreTimeView.as_view(), name="order_more_time"),
    path("cart/lines/", api.CartLinesView.as_view(), name="cart_lines"),
    path("cart/lines/<int:line_id>/", api.CartLineView.as_view(), name="cart_line"),
    path("order-token/", api.OrderGrantView.as_view(), name="order_grant"),
    path("deals/<int:deal_id>/order-token/", api.DealGrantView.as_view(), name="deal_grant"),
    path("order-quotes/", quote_api.OrderQuotesView.as_view(), name="order_quotes"),
    path("orders/", api.OrdersView.as_view(), name="orders"),
    path("orders/<slug:number>/", api.OrderView.as_view(), name="order"),
    path("orders/<slug:number>/cancel/", api.CancelOrderView.as_view(), name="order_cancel"),
    path("orders/<slug:number>/ship/", api.ShipOrderView.as_view(), name="order_ship"),
    path("orders/<slug:number>/weights/", lot_api.Weights.as_view(), name="order_weights"),
    path("lots/<int:pk>/", lot_api.LotMoves.as_view(), name="lot"),
    path("coupon-campaigns/", coupon_api.Campaigns.as_view(), name="coupon_campaigns"),
    path("coupon-campaigns/<int:campaign_id>/stop/", coupon_api.CampaignStop.as_view(), name="coupon_stop"),
    path(
        "coupon-campaigns/<int:campaign_id>/offer/", coupon_api.CampaignOffer.as_view(), name="coupon_offer"
    ),
    path(
        "coupon-campaigns/<int:campaign_id>/claim/", coupon_api.CampaignClaim.as_view(), name="coupon_claim"
    ),
    path("live-sessions/<int:session_id>/coupons/", coupon_api.RoomCoupons.as_view(), name="room_coupons"),
    path("me/coupons/", coupon_api.MyCoupons.as_view(), name="my_coupons"),
    path("orders/<slug:number>/receive/", api.ReceiveOrderView.as_view(), name="order_receive"),
    path("orders/<slug:number>/after-sales/", case_api.OpenCaseView.as_view(), name="open_case"),
    path("after-sales/", case_api.CasesView.as_view(), name="cases"),
    path("after-sales/<int:case_id>/", case_api.CaseView.as_view(), name="case"),
    path("after-sales/<int:case_id>/approve/", case_api.ApproveCaseView.as_view(), name="case_approve"),
    path("after-sales/<int:case_id>/reject/", case_api.RejectCaseView.as_view(), name="case_reject"),
    path(
        "after-sales/<int:case_id>/return-shipped/",
        case_api.ReturnShippedView.as_view(),
        name="case_return_shipped",
    ),
    path("after-sales/<int:case_id>/received/", case_api.ReturnReceivedView.as_view(), name="case_received"),
    path("after-sales/<int:case_id>/withdraw/", case_api.WithdrawCaseView.as_view(), name="case_withdraw"),
    path("after-sales/<int:case_id>/offer/", offer_api.OfferView.as_view(), name="case_offer"),
    path(
        "after-sales/<int:case_id>/offer/accept/",
        offer_api.AcceptOfferView.as_view(),
        name="case_offer_accept",
    ),
    path(
        "after-sales/<int:case_id>/offer/refuse/",
        offer_api.RefuseOfferView.as_view(),
        name="case_offer_refuse",
    ),
    path(
        "after-sales/<int:case_id>/offer/take-back/",
        offer_api.TakeBackOfferView.as_view(),
        name="case_offer_take_back",
    ),
    path("after-sales/<int:case_id>/appeal/", case_api.AppealCaseView.as_view(), name="case_appeal"),
]
