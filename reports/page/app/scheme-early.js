/** Before anything is drawn: the colours that the reader chose. It is no module, since those run when the page is there already. */
document.documentElement.style.colorScheme = localStorage.getItem('tributary.scheme') ?? '';
