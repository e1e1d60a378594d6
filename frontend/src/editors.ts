/** A module of its own, which the cards load when somebody edits one. */

export { badgeForm, boardForm, roomForm } from "./cards/forms";
export { mapEditor } from "./cards/map-editor";
