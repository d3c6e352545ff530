import "./csrf.js";
import "./toast.js";
import "./sheet.js";
import "./stepper.js";
import "./forms.js";
import "./counts.js";
