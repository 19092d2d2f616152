// Redoc's attribution loads a picture from another host: no page here does.
const ours = (url) => new URL(url, location.href).origin === location.origin;
const pictures = HTMLImageElement.prototype;
const { get, set } = Object.getOwnPropertyDescriptor(pictures, "src");

pictures.setAttribute = function (name, value) {
  if (name !== "src" || ours(value)) Element.prototype.setAttribute.call(this, name, value);
};
Object.defineProperty(pictures, "src", {
  get,
  set(value) {
    if (ours(value)) set.call(this, value);
    // So that Redoc takes the picture away.
    else queueMicrotask(() => this.dispatchEvent(new Event("error")));
  },
});
