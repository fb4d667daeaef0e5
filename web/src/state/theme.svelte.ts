// Light or dark: as the system says, unless the person has chosen.
export type Choice = "system" | "light" | "dark";

const key = "picloud.theme";

class Theme {
  choice = $state<Choice>(stored());

  choose(choice: Choice): void {
    this.choice = choice;
    keep(choice);
    this.apply();
  }

  /** Puts the choice where the style sheet looks for it. */
  apply(): void {
    if (this.choice === "system") {
      document.documentElement.removeAttribute("data-theme");
    } else {
      document.documentElement.dataset.theme = this.choice;
    }
  }
}

function stored(): Choice {
  try {
    const value = localStorage.getItem(key);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system"; // the browser keeps nothing for this page
  }
}

function keep(choice: Choice): void {
  try {
    if (choice === "system") {
      localStorage.removeItem(key);
    } else {
      localStorage.setItem(key, choice);
    }
  } catch {
    // The browser keeps nothing for this page; the choice holds until it is closed.
  }
}

export const theme = new Theme();
