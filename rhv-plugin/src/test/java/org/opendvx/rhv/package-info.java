@NullMarked
package org.opendvx.rhv;

import org.jspecify.annotations.NullMarked;
