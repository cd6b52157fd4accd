(function () {
  var box = document.getElementById("search"), found = document.getElementById("found");
  var cards = [].slice.call(document.querySelectorAll(".person")), fold = document.querySelector(".people details");
  var was = fold && fold.open;
  if (document.querySelector(".found-by")) return; // the server has searched already
  function look() {
    var words = box.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    cards.forEach(function (card) {
      var text = (card.textContent + " " + card.querySelector("input").value).toLowerCase();
      card.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
      shown += !card.hidden;
    });
    var first = words.length && cards.filter(function (card) { return !card.hidden; })[0];
    if (first && !document.querySelector(".person:not([hidden]) input:checked")) {
      first.querySelector("input").checked = true; // nobody is chosen whom one cannot see
    }
    if (fold) {
      fold.open = words.length ? true : was;
      fold.hidden = words.length > 0 && !fold.querySelector(".person:not([hidden])");
    }
    found.textContent = !words.length ? "" : shown ? shown + (shown === 1 ? " person" : " people") + " found" :
      "Nobody here. Find also knows person-1 to person-1000000 and any e-mail address.";
  }
  box.addEventListener("input", look);
  box.addEventListener("keydown", function (event) {
    var first = cards.filter(function (card) { return !card.hidden; })[0];
    if (event.key !== "Enter" || !box.value.trim() || !first) return;
    event.preventDefault();
    first.querySelector("input").checked = true;
    first.querySelector("input").focus();
  });
  look();
})();
