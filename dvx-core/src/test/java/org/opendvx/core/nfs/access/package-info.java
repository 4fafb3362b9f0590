/** Tests of exports and client networks. */
@NullMarked
package org.opendvx.core.nfs.access;

import org.jspecify.annotations.NullMarked;
