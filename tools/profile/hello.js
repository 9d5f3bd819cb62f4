// hello.js - training for the profile-guided build: starting and ending.
console.log("ok");
