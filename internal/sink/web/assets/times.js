// Times in the zone and the words of the reader.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const long = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function tellTimes(part) {
  const today = new Date().toDateString();
  for (const time of part.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    if ("long" in time.dataset) time.textContent = long.format(at);
    else time.textContent = at.toDateString() === today ? clock.format(at) : day.format(at);
    time.title = long.format(at);
  }
}
