// Inside WeChat its own bridge takes or gives the money; what it answers proves nothing, so the next page asks.
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
  weixin.invoke(button.dataset.call || "getBrandWCPayRequest", JSON.parse(button.dataset.bridge), (answer) => {
    button.removeAttribute("aria-busy");
    if (!answer.err_msg.endsWith(":cancel")) location.assign(button.dataset.return);
  });
}

button?.addEventListener("click", pay);
