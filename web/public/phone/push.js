// What the phone's service worker does with a message that wakes it.
