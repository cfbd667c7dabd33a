/** List and panel are drawn in frames of their own: both in one keep the page from answering for 100 to 200 ms. A page that is not seen has no frames. */
export function frame(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 100);
    requestAnimationFrame(() => setTimeout(resolve));
  });
}
