export default {
  "desk.title": "Desk"
};
