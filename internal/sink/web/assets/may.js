// Whose token may read only is offered nothing that changes something; page.css
// hides it, and the server would refuse it.

export const fixed = "fixed" in document.body.dataset;

export const may = (element) => !fixed || !element.closest('form[method="post"], .menu.end');
