// hello.js - the least that an app does, for counting the instructions of start-up and end.
console.log("hello, world");
