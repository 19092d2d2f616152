fetch("/asyncapi.json")
  .then((answer) => answer.text())
  .then((schema) =>
    AsyncApiStandalone.render(
      { schema, config: { show: { sidebar: true, errors: true } } },
      document.getElementById("page"),
    ),
  );
