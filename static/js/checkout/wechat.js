// Inside WeChat its own bridge takes the payment; what it answers proves nothing, so the return page asks.
const button = document.querySelector("[data-bridge]");

function bridge() {
  if (window.WeixinJSBridge) return Promise.resolve(window.WeixinJSBridge);
  return new Promise((resolve) => {
    const ready = () => resolve(window.WeixinJSBridge);
    document.addEventListener("WeixinJSBridgeReady", ready, { once: true });
  });
}

async function pay() {
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  const weixin = await bridge();
  weixin.invoke("getBrandWCPayRequest", JSON.parse(button.dataset.bridge), (answer) => {
    button.removeAttribute("aria-busy");
    if (answer.err_msg !== "get_brand_wcpay_request:cancel") location.assign(button.dataset.return);
  });
}

button?.addEventListener("click", pay);
