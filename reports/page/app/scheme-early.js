/** Applies the reader's colours before anything is drawn. Not a module, since modules run after the page has been parsed. */
document.documentElement.style.colorScheme = localStorage.getItem('tributary.scheme') ?? '';
