<?php
// Decides where a ringing call goes. Switchhook asks while the caller waits:
//
//     GET /route.php?insertionType=dynamic
//
// Try it:  php -S 127.0.0.1:8080 examples/route.php
//
// examples/route.py does the same in Python.

// How the caller came to see the number. It is missing or empty where nobody knows.
$insertion_type = !empty($_GET['insertionType']) ? $_GET['insertionType'] : '';

if ($insertion_type === 'dynamic') {
    // A number shown to one visitor of the website: ring the sales team at once. The answer's name,
    // dst_phone, is what the forwarding number says in `name_in_response`. A JSON number will do.
    echo '{"dst_phone":380443334455}';
} else {
    // Any other call runs a scheme of the project. `schema` needs no setting: it is read when the
    // answer holds no number.
    echo '{"schema":26076}';
}
