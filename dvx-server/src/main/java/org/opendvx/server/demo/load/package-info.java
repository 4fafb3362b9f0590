/** What is written to the large machine, and how it is checked afterwards. */
@NullMarked
package org.opendvx.server.demo.load;

import org.jspecify.annotations.NullMarked;
